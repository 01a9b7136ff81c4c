//! A mail server for tests: aiosmtpd of Python's, a real one, which can be made to refuse, to stall and to drop.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Lines},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use serde::Deserialize;
use tokio::{sync::watch, time::timeout};

use crate::{
    cache::default_cache,
    error::FetchError,
    fetch::unpacked,
    python::{PYTHONS, find_python},
    wheels::{AIOSMTPD, ATPUBLIC, ATTRS},
};

/// How long a mail may take to come.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a mail server for tests is spoken to.
#[derive(Debug, Clone, Default)]
pub struct MailServerOptions {
    /// How it speaks TLS.
    pub tls: MailServerTls,
    /// Its certificate and key, in PEM files.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The user and password without whom it takes nothing.
    pub user: Option<(String, String)>,
}

/// How a mail server speaks TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MailServerTls {
    /// Not at all.
    #[default]
    None,
    /// After STARTTLS, and it takes nothing before.
    StartTls,
    /// From the beginning.
    Implicit,
}

/// A mail as the server got it.
#[derive(Debug, Clone, Deserialize)]
pub struct ReceivedMail {
    /// The sender of the envelope.
    pub sender: String,
    /// The recipient of the envelope.
    pub recipient: String,
    /// `Message-ID`.
    pub message_id: String,
    /// `From`.
    pub from: String,
    /// `To`.
    pub to: String,
    /// `Subject`, decoded.
    pub subject: String,
    /// The part of plain text, decoded.
    pub text: String,
    /// The part of HTML, decoded.
    pub html: String,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// The user who brought it.
    pub user: Option<String>,
}

/// A running mail server. It ends with this value, or with this process.
#[derive(Debug)]
pub struct MailServer {
    port: u16,
    process: Child,
    received: watch::Receiver<Vec<ReceivedMail>>,
}

#[derive(Deserialize)]
struct Listening {
    port: u16,
}

impl MailServer {
    /// What it is made of: pinned, and fetched unless the cache has it. The interpreter, and its `PYTHONPATH`.
    ///
    /// # Errors
    /// When there is no Python with pip, or pip cannot fetch it.
    pub fn provide() -> Result<(PathBuf, String), FetchError> {
        let cache = default_cache()?;
        let mut path = Vec::new();
        for wheel in [&AIOSMTPD, &ATPUBLIC, &ATTRS] {
            path.push(unpacked(wheel, &cache)?.display().to_string());
        }
        Ok((find_python(&PYTHONS.map(OsStr::new))?, path.join(":")))
    }

    /// Starts one on loopback. Whom a mail is to decides how it behaves: see `mail_server.py`.
    ///
    /// # Panics
    /// When it cannot be started: without it, a test can only fail.
    pub fn start(options: &MailServerOptions) -> Self {
        let (python, path) = Self::provide().unwrap_or_else(|error| panic!("{error}"));
        let mut command = Command::new(python);
        command
            .args(["-c", include_str!("mail_server.py")])
            .args(["--tls", options.tls.name()])
            .env("PYTHONPATH", path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some((certificate, key)) = &options.certificate {
            command.arg("--certificate").arg(certificate).arg("--key").arg(key);
        }
        if let Some((user, password)) = &options.user {
            command.args(["--user", user, "--password", password]);
        }
        let mut process = command.spawn().expect("Python runs");
        let output = process.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(output).lines();
        let first = lines.next().and_then(Result::ok).expect("the mail server says where it is");
        let Listening { port } = serde_json::from_str(&first).expect("it says a port");
        let (told, received) = watch::channel(Vec::new());
        thread::spawn(move || listen(lines, &told));
        Self { port, process, received }
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it has got so far, in its order.
    pub fn received(&self) -> Vec<ReceivedMail> {
        self.received.borrow().clone()
    }

    /// The last mail to this address, once there is one.
    ///
    /// # Panics
    /// When none comes.
    pub async fn mail_to(&self, address: &str) -> ReceivedMail {
        let mail = timeout(PATIENCE, self.mail_that(|mail| mail.recipient == address)).await;
        mail.ok().flatten().expect("a mail comes")
    }

    /// The last mail that is one of these, once there is one; none if the server ends before.
    pub async fn mail_that(&self, wanted: impl Fn(&ReceivedMail) -> bool) -> Option<ReceivedMail> {
        let mut received = self.received.clone();
        let mails = received.wait_for(|mails| mails.iter().any(&wanted)).await.ok()?;
        mails.iter().rfind(|mail| wanted(mail)).cloned()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl MailServerTls {
    fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::StartTls => "starttls",
            Self::Implicit => "implicit",
        }
    }
}

fn listen(lines: Lines<BufReader<ChildStdout>>, told: &watch::Sender<Vec<ReceivedMail>>) {
    for line in lines.map_while(Result::ok) {
        let mail = serde_json::from_str(&line).expect("the mail server tells of mails");
        told.send_modify(|mails| mails.push(mail));
    }
}
