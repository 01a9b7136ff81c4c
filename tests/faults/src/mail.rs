//! The mail server, which nothing happens to: what the replicas send, it gets.

use local_servers::testing::{MailServer, MailServerOptions, ReceivedMail};

/// A mail server, and whoever reads what comes to it.
#[derive(Debug)]
pub(crate) struct Mailbox(MailServer);

impl Mailbox {
    /// An empty one.
    pub(crate) fn open() -> Self {
        Self(MailServer::start(&MailServerOptions::default()))
    }

    /// The settings by which replicas send there, as often as they like.
    pub(crate) fn variables(&self) -> [(&'static str, String); 3] {
        [
            ("MANDATE_DIRECTORY__MAIL__SMTP", format!("smtp://127.0.0.1:{}", self.0.port())),
            ("MANDATE_DIRECTORY__MAIL__FROM", "no-reply@example.com".to_owned()),
            ("MANDATE_DIRECTORY__CONTACT_CONFIRMATIONS_PER_HOUR", "60000".to_owned()),
        ]
    }

    /// The ids of the mails that came, each as often as it came.
    pub(crate) fn ids(&self) -> Vec<String> {
        let id = |mail: ReceivedMail| {
            let id = mail.message_id.trim_matches(['<', '>']);
            id.split_once('@').map_or(id, |(id, _)| id).to_owned()
        };
        self.0.received().into_iter().map(id).collect()
    }
}
