//! A client that does not give up.
//!
//! When it does not learn what became of a command (the connection was lost, or the answer is a 5xx)
//! it repeats it, at whichever replica; what makes something, under the same Idempotency-Key. So each
//! command is acknowledged in the end, or the round ended before.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::fleet::Fleet;
use crate::history::{Claim, History};
use crate::random::Random;

/// How long an answer is waited for. Longer than the services wait for each other.
const ANSWER: Duration = Duration::from_secs(8);

/// The pause after an attempt without an answer.
const PAUSE: Duration = Duration::from_millis(50);

/// How a caller says who it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum As<'a> {
    Token(&'a str),
    Password(&'a str, &'a str),
}

/// What is sent.
pub(crate) enum Body {
    Nothing,
    Json(Value),
    Form(&'static [(&'static str, &'static str)]),
}

/// A command.
pub(crate) struct Command<'a> {
    pub(crate) name: &'static str,
    pub(crate) by: As<'a>,
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) body: Body,
    /// Answers by which an earlier attempt without an answer turns out to have been carried out.
    pub(crate) done_before: &'static [u16],
}

/// Why a journey ended early.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The round is over.
    Stopped,
    /// It was carried out, but what the answer showed once is lost.
    Lost,
    /// An answer that must not be; the history has it.
    Wrong,
}

/// A client.
pub struct Client {
    pub(crate) who: String,
    pub(crate) http: reqwest::Client,
    pub(crate) fleet: Fleet,
    pub(crate) history: Arc<History>,
    pub(crate) random: Random,
    pub(crate) stop: CancellationToken,
    pub(crate) made: u32,
}

impl Client {
    /// A client of this name.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(
        who: String,
        fleet: Fleet,
        history: Arc<History>,
        random: Random,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(ANSWER).build()?;
        Ok(Self { who, http, fleet, history, random, stop, made: 0 })
    }

    /// A command on something that is there.
    pub(crate) async fn act(
        &mut self,
        event: &'static str,
        by: As<'_>,
        method: Method,
        path: &str,
        done_before: &'static [u16],
        stream: &str,
    ) -> Result<(), End> {
        let command = Command { name: event, by, method, path, body: Body::Nothing, done_before };
        self.run(command, None).await?;
        self.claim(event, stream)
    }

    /// A command that makes something of this name, once.
    pub(crate) async fn make(
        &mut self,
        event: &'static str,
        by: As<'_>,
        path: &str,
        body: Value,
        name: &str,
    ) -> Result<Value, End> {
        self.history.named(name, false);
        let command = Command {
            name: event,
            by,
            method: Method::POST,
            path,
            body: Body::Json(body),
            done_before: &[],
        };
        let answer = self.run(command, Some(name)).await?;
        self.history.named(name, true);
        Ok(answer.unwrap_or_default())
    }

    /// Sends a command until it is acknowledged. Without a body if it turned out to have been carried
    /// out before.
    pub(crate) async fn run(
        &mut self,
        command: Command<'_>,
        key: Option<&str>,
    ) -> Result<Option<Value>, End> {
        let mut uncertain = false;
        loop {
            let told = self.send(&command, key).await;
            let more =
                json!({ "command": command.name, "path": command.path, "key": key, "told": told });
            self.history.write(&self.who, "answer", &more);
            match told {
                Told::Done(body) => {
                    self.history.acknowledged();
                    return Ok(Some(body));
                }
                Told::Refused(status, _) if uncertain && command.done_before.contains(&status) => {
                    self.history.acknowledged();
                    return Ok(None);
                }
                // The earlier attempt is still under way.
                Told::Refused(409, why) if uncertain && why.contains("idempotency-key-in-use") => {}
                Told::Refused(status, why) => {
                    let Command { name, path, .. } = command;
                    self.history.wrong(format!("{} {name} {path}: {status} {why}", self.who));
                    return Err(End::Wrong);
                }
                Told::Nothing(_) => {
                    uncertain = true;
                    self.history.unknown();
                }
            }
            if self.stop.is_cancelled() {
                return Err(End::Stopped);
            }
            self.pause().await;
        }
    }

    async fn send(&mut self, command: &Command<'_>, key: Option<&str>) -> Told {
        let Some(replica) = self.fleet.choose(&mut self.random) else {
            return Told::Nothing("there is no replica".to_owned());
        };
        let url = format!("{}{}", replica.of(command.path), command.path);
        let invoked = json!({ "command": command.name, "url": url, "key": key });
        self.history.write(&self.who, "invoke", &invoked);
        let mut request = self.http.request(command.method.clone(), url);
        request = match command.by {
            As::Token(token) => request.bearer_auth(token),
            As::Password(name, password) => request.basic_auth(name, Some(password)),
        };
        request = match &command.body {
            Body::Nothing => request,
            Body::Json(body) => request.json(body),
            Body::Form(form) => request.form(form),
        };
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let (status, body) = match request.send().await {
            Ok(answer) => (answer.status().as_u16(), answer.bytes().await),
            Err(error) => return Told::Nothing(format!("{error:?}")),
        };
        match (status, body) {
            (200..300, Ok(body)) if body.is_empty() => Told::Done(Value::Null),
            (200..300, Ok(body)) => serde_json::from_slice(&body)
                .map_or_else(|error| Told::Nothing(error.to_string()), Told::Done),
            (_, Err(error)) => Told::Nothing(format!("{error:?}")),
            (500.., Ok(body)) => {
                Told::Nothing(format!("{status} {}", String::from_utf8_lossy(&body)))
            }
            (_, Ok(body)) => Told::Refused(status, String::from_utf8_lossy(&body).into_owned()),
        }
    }

    async fn pause(&self) {
        let mut ticks = interval(PAUSE);
        ticks.tick().await;
        ticks.tick().await;
    }

    pub(crate) fn new_name(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{what}-{}-{}", self.who, self.made)
    }

    pub(crate) fn claim(&self, event: &'static str, stream: &str) -> Result<(), End> {
        let Ok(stream) = stream.parse::<Uuid>() else {
            self.history.wrong(format!("{event}: {stream} is no id"));
            return Err(End::Wrong);
        };
        self.history.claim([Claim { event, stream }]);
        Ok(())
    }

    pub(crate) fn claim_field(
        &self,
        event: &'static str,
        answer: &Value,
        field: &str,
    ) -> Result<String, End> {
        let id = answer[field].as_str().unwrap_or_default().to_owned();
        self.claim(event, &id)?;
        Ok(id)
    }
}

/// What an attempt was told.
#[derive(Debug, serde::Serialize)]
enum Told {
    Done(Value),
    Refused(u16, String),
    Nothing(String),
}

/// What only the first answer shows: a repeated one has null there.
pub(crate) fn shown_once(answer: &Value, field: &str) -> Result<String, End> {
    answer[field].as_str().map(str::to_owned).ok_or(End::Lost)
}
