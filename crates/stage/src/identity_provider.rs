//! A provider of identities in a process of its own (npm oidc-provider), and a browser that signs in there.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use local_servers::testing::Node;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::wait::PATIENCE;

/// The client that the system under test is there.
const CLIENT: [&str; 2] = ["mandate", "a secret of the provider's"];
/// So many steps a browser takes at most.
const STEPS: usize = 10;

/// A provider that runs.
#[derive(Debug)]
pub struct IdentityProvider {
    issuer: String,
    process: Child,
}

/// Who signs in at the provider.
#[derive(Debug, Clone, Copy)]
pub struct Somebody<'a> {
    /// How the provider names them.
    pub subject: &'a str,
    /// Their email; none, if empty.
    pub email: &'a str,
    /// Whether the provider says that it verified the email: `true`, `false`, or `unsaid`.
    pub verified: &'a str,
}

/// What the browser comes back with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// The `code`.
    pub code: String,
    /// The `state`.
    pub state: String,
    /// The `iss`.
    pub iss: String,
}

impl<'a> Somebody<'a> {
    /// Whoever has this email, verified.
    pub const fn with_email(email: &'a str) -> Self {
        Self { subject: email, email, verified: "true" }
    }
}

impl IdentityProvider {
    /// Starts one that sends people back there, and tells their email where its userinfo endpoint is asked; in
    /// the ID token, if so wanted.
    pub async fn start(redirect_uri: &str, in_the_id_token: bool) -> Self {
        let lists = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/node");
        let folder = lists.clone();
        let node = tokio::task::spawn_blocking(move || Node::provide(&folder)).await.unwrap();
        let [client_id, client_secret] = CLIENT;
        let mut command = Command::from(node.unwrap().command());
        command.arg(lists.join("identity-provider.js"));
        command.args([client_id, client_secret, redirect_uri, "0"]);
        command.arg(if in_the_id_token { "id-token" } else { "userinfo" });
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let beginning = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(issuer) = line.strip_prefix("identity provider at ") {
                    return issuer.to_owned();
                }
            }
            panic!("the identity provider ended before it began");
        };
        let issuer = tokio::time::timeout(PATIENCE, beginning).await.expect("a provider begins");
        Self { issuer, process }
    }

    /// Its issuer.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The id and the secret of the client that the system under test is there.
    pub const fn client() -> [&'static str; 2] {
        CLIENT
    }

    /// Ends it: nobody answers there any more.
    pub async fn stop(mut self) {
        self.process.kill().await.unwrap();
    }

    /// Gives it another key, and makes it forget the one before.
    pub async fn rotate_keys(&self) {
        let answer = Client::new().post(format!("{}/test/rotate", self.issuer)).send().await;
        assert!(answer.unwrap().status().is_success());
    }

    /// A browser goes there and signs in as somebody.
    pub async fn sign_in(&self, authorization_url: &str, whoever: Somebody<'_>) -> Returned {
        let Somebody { subject, email, verified } = whoever;
        let mut url = Url::parse(authorization_url).unwrap();
        let asked: Vec<_> = url.query_pairs().into_owned().collect();
        let asked = asked.into_iter().filter(|(name, _)| name != "login_hint");
        let hint = ("login_hint".to_owned(), format!("{subject}|{email}|{verified}"));
        let asked: Vec<_> = asked.chain([hint]).collect();
        url.query_pairs_mut().clear().extend_pairs(asked);

        let browser = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let mut cookies = BTreeMap::new();
        for _ in 0..STEPS {
            let all: Vec<_> =
                cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer =
                browser.get(url.clone()).header(COOKIE, all.join("; ")).send().await.unwrap();
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = cookie.split_once('=').unwrap();
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(location) = answer.headers().get(LOCATION) else {
                let status = answer.status();
                panic!("{status} at the provider: {}", answer.text().await.unwrap());
            };
            url = url.join(location.to_str().unwrap()).unwrap();
            if !url.as_str().starts_with(&self.issuer) {
                let came: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
                let value = |name: &str| came.get(name).cloned().unwrap_or_default();
                return Returned { code: value("code"), state: value("state"), iss: value("iss") };
            }
        }
        panic!("the provider sends the browser in circles");
    }
}
