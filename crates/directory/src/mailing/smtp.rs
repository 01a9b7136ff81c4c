//! Handing a mail to a server: one dialogue of SMTP (RFC 5321), step by step, so that a refusal says of what.

use std::net::IpAddr;
use std::time::Duration;

use eventstore::inactivity::patiently;
use lettre::address::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use tokio::time::timeout;
use url::Url;

use crate::fields::Email;
use crate::mailing::failure::{Failure, Step};
use crate::mailing::settings::MailSettings;

/// How long the goodbye may take, which nothing depends on.
const GOODBYE: Duration = Duration::from_secs(1);

/// A mail server, and how it is spoken to.
pub(crate) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    sender: Mailbox,
    timeout: Duration,
}

enum Security {
    /// TLS from the beginning (RFC 8314).
    Implicit(TlsParameters),
    /// TLS by STARTTLS, or no mail (RFC 3207).
    StartTls(TlsParameters),
    /// None: it does not leave this machine.
    Loopback,
}

/// A dialogue in which the server has taken the mail.
pub(crate) struct Taken(Box<AsyncSmtpConnection>);

impl Taken {
    /// Says goodbye.
    pub(crate) async fn end(mut self) {
        // The mail is the server's already, whatever it answers now.
        let _ = timeout(GOODBYE, self.0.quit()).await;
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Smtp {
    /// The server of these settings.
    ///
    /// # Errors
    /// What is wrong with them, in words for whoever set them.
    pub(crate) fn new(settings: &MailSettings) -> Result<Self, String> {
        let sender = sender(&settings.from)?;
        let (host, port, implicit) = server(&settings.smtp)?;
        let certificate = settings.ca_file.as_ref().map(|path| {
            let pem = std::fs::read(path).map_err(|error| format!("mail.ca_file: {error}"))?;
            Certificate::from_pem(&pem).map_err(|_| "mail.ca_file has no certificates".to_owned())
        });
        let certificate = certificate.transpose()?;
        let tls = || {
            let builder = TlsParametersBuilder::new(host.clone());
            let builder = match certificate.clone() {
                Some(certificate) => builder.add_root_certificate(certificate),
                None => builder,
            };
            builder.build().map_err(|_| format!("mail.smtp: TLS cannot be spoken to `{host}`"))
        };
        let security = match implicit {
            true => Security::Implicit(tls()?),
            false if is_this_machine(&host) => Security::Loopback,
            false => Security::StartTls(tls()?),
        };
        let credentials = credentials(settings)?;
        let timeout = Duration::from_secs(settings.timeout_seconds);
        Ok(Self { host, port, security, credentials, sender, timeout })
    }

    /// Whom mail comes from.
    pub(crate) fn sender(&self) -> &Mailbox {
        &self.sender
    }

    /// Hands the mail over. Once this answers with [`Taken`], the mail is the server's.
    ///
    /// # Errors
    /// How far it came.
    pub(crate) async fn send(&self, recipient: &Email, message: &[u8]) -> Result<Taken, Failure> {
        let dialogue = self.dialogue(recipient, message);
        let timed_out = |_| Failure::of(Step::Timeout, None);
        patiently(timeout(self.timeout, dialogue))
            .await
            .map_err(timed_out)?
            .map(|connection| Taken(Box::new(connection)))
    }

    async fn dialogue(
        &self,
        recipient: &Email,
        message: &[u8],
    ) -> Result<AsyncSmtpConnection, Failure> {
        // An address that SMTP cannot carry is refused as a server would.
        let unfit = Failure::of(Step::Recipient, Some(553));
        let address: Address = recipient.as_str().parse().map_err(|_| unfit)?;
        let mut connection = self.connect().await?;
        let mut parameters = Vec::new();
        if !recipient.as_str().is_ascii() {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(unfit);
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let from = Mail::new(Some(self.sender.email.clone()), parameters);
        connection.command(from).await.map_err(at(Step::Sender))?;
        let to = Rcpt::new(address, Vec::new());
        connection.command(to).await.map_err(at(Step::Recipient))?;
        connection.command(Data).await.map_err(at(Step::Content))?;
        // Crash point: from here on the server may have taken the mail without our knowing. It is sent again
        // then, under the same Message-ID.
        connection.message(message).await.map_err(at(Step::Content))?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let name = ClientId::default();
        let implicit = match &self.security {
            Security::Implicit(tls) => Some(tls.clone()),
            _ => None,
        };
        let to = (self.host.as_str(), self.port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(to, Some(self.timeout), &name, implicit, None);
        let mut connection = connecting.await.map_err(at(Step::Connect))?;
        if let Security::StartTls(tls) = &self.security {
            connection.starttls(tls.clone(), &name).await.map_err(at(Step::Tls))?;
        }
        if let Some(credentials) = &self.credentials {
            let signed_in = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            signed_in.map_err(at(Step::SignIn))?;
        }
        Ok(connection)
    }
}

fn at(step: Step) -> impl Fn(Error) -> Failure {
    move |error| {
        let step = if error.is_tls() { Step::Tls } else { step };
        Failure::of(step, error.status().map(u16::from))
    }
}

fn server(address: &str) -> Result<(String, u16, bool), String> {
    const EXPECTED: &str = "mail.smtp is not smtps://host:port or smtp://host:port";
    let url = Url::parse(address).map_err(|_| EXPECTED)?;
    let implicit = match url.scheme() {
        "smtps" => true,
        "smtp" => false,
        _ => return Err(EXPECTED.to_owned()),
    };
    let plain = url.username().is_empty() && url.password().is_none();
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    if host.is_empty() || !bare {
        return Err(EXPECTED.to_owned());
    }
    if !plain {
        return Err("mail.smtp carries no user: see mail.user and mail.password_file".to_owned());
    }
    let port = url.port().unwrap_or(if implicit { 465 } else { 587 });
    Ok((host.to_owned(), port, implicit))
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn sender(text: &str) -> Result<Mailbox, String> {
    if text.is_empty() {
        return Err("mail.from is not set: mail comes from somebody".to_owned());
    }
    text.parse().map_err(|_| "mail.from is not name@example.com or Name <name@example.com>".into())
}

fn credentials(settings: &MailSettings) -> Result<Option<Credentials>, String> {
    match (settings.user.as_str(), &settings.password_file) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err("mail.password_file is for mail.user, which is not set".to_owned()),
        (_, None) => Err("mail.user needs mail.password_file".to_owned()),
        (user, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("mail.password_file: {error}"))?;
            let password = text.trim_end_matches(['\r', '\n']).to_owned();
            Ok(Some(Credentials::new(user.to_owned(), password)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(smtp: &str) -> MailSettings {
        let from = "Mandate <no-reply@example.com>".to_owned();
        MailSettings { smtp: smtp.to_owned(), from, ..MailSettings::default() }
    }

    #[test]
    fn without_tls_only_to_this_machine() {
        for local in ["smtp://localhost", "smtp://127.0.0.1:25", "smtp://[::1]:25"] {
            let smtp = Smtp::new(&settings(local)).unwrap();
            assert!(matches!(smtp.security, Security::Loopback), "{local}");
        }
        let away = Smtp::new(&settings("smtp://mail.example.com")).unwrap();
        assert!(matches!(away.security, Security::StartTls(_)) && away.port == 587);
        let implicit = Smtp::new(&settings("smtps://localhost")).unwrap();
        assert!(matches!(implicit.security, Security::Implicit(_)) && implicit.port == 465);
    }

    #[test]
    fn settings_that_name_no_server_or_sender_are_refused() {
        for wrong in [
            "mail.example.com:25",
            "http://mail.example.com",
            "smtp://",
            "smtp://u:p@h",
            "smtp://h/x",
        ] {
            assert!(Smtp::new(&settings(wrong)).is_err(), "{wrong}");
        }
        for from in ["", "nobody", "a\r\nBcc: b@example.com"] {
            let from = from.to_owned();
            assert!(Smtp::new(&MailSettings { from, ..settings("smtp://localhost") }).is_err());
        }
        let unfit = [
            MailSettings { user: "mandate".into(), ..settings("smtp://localhost") },
            MailSettings {
                password_file: Some("/dev/null".into()),
                ..settings("smtp://localhost")
            },
            MailSettings { ca_file: Some("/nowhere".into()), ..settings("smtp://localhost") },
        ];
        for settings in unfit {
            assert!(Smtp::new(&settings).is_err(), "{settings:?}");
        }
    }
}
