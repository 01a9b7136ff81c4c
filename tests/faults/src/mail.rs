//! The mail server, which nothing happens to: what the replicas send, it gets; and who reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use local_servers::testing::{MailServer, MailServerOptions, ReceivedMail};

/// What a token of a mailed link begins with, and what comes before it.
const TOKEN: &str = "/mandate_ml_";

/// A mail server, and whoever reads what comes to it.
#[derive(Debug, Clone)]
pub struct Mailbox(Arc<MailServer>);

impl Mailbox {
    /// An empty one.
    pub(crate) fn open() -> Self {
        Self(Arc::new(MailServer::start(&MailServerOptions::default())))
    }

    /// Where it is, on this machine.
    pub fn port(&self) -> u16 {
        self.0.port()
    }

    /// How many mails came, each as often as it came.
    pub fn count(&self) -> usize {
        self.0.received().len()
    }

    /// The mails that came: id and recipient, and how often.
    pub(crate) fn came(&self) -> BTreeMap<(String, String), usize> {
        let mut came = BTreeMap::new();
        for mail in self.0.received() {
            let id = mail.message_id.trim_matches(['<', '>']);
            let id = id.split_once('@').map_or(id, |(id, _)| id).to_owned();
            *came.entry((id, mail.recipient)).or_default() += 1;
        }
        came
    }

    /// The token in the last mail to this address with a link to this page, once there is one.
    pub(crate) async fn token(&self, address: &str, page: &str) -> Option<String> {
        let mail = self.0.mail_that(|mail| is_for(mail, address, page)).await?;
        link_token(&mail).map(str::to_owned)
    }

    /// The same, if there is one now.
    pub(crate) fn token_there(&self, address: &str, page: &str) -> Option<String> {
        let mails = self.0.received();
        let mail = mails.iter().rfind(|mail| is_for(mail, address, page))?;
        link_token(mail).map(str::to_owned)
    }
}

fn is_for(mail: &ReceivedMail, address: &str, page: &str) -> bool {
    mail.recipient == address && mail.text.contains(&format!("{page}{TOKEN}"))
}

fn link_token(mail: &ReceivedMail) -> Option<&str> {
    // The last part of the path.
    let token = mail.text.get(mail.text.find(TOKEN)? + 1..)?;
    token.split_whitespace().next()
}
