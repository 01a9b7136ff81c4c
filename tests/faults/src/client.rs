//! A client that does not give up.
//!
//! When it does not learn what became of a command (the connection was lost, or the answer is a 5xx)
//! it repeats it, at whichever replica; what makes something, under the same Idempotency-Key. So each
//! command is acknowledged in the end, or the round ended before.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
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
    Nobody,
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

impl<'a> Command<'a> {
    /// A command without a body, which can be repeated as often as anybody likes.
    pub(crate) const fn bare(
        name: &'static str,
        by: As<'a>,
        method: Method,
        path: &'a str,
    ) -> Self {
        Self { name, by, method, path, body: Body::Nothing, done_before: &[] }
    }
}

/// Which of two attempts at the same time succeeded, and its answer.
pub(crate) struct Won {
    pub(crate) which: usize,
    pub(crate) answer: Value,
}

/// Why a journey ended early.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The round is over.
    Stopped,
    /// It was carried out, but what the answer showed once is lost.
    Lost,
    /// It was refused, as it may be.
    Refused,
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
        self.try_run(command, key, &[]).await
    }

    /// The same for one that these answers refuse without anything being wrong.
    pub(crate) async fn try_run(
        &mut self,
        command: Command<'_>,
        key: Option<&str>,
        refusals: &[u16],
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
                Told::Refused(status, _) if refusals.contains(&status) => return Err(End::Refused),
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

    /// A command that must be refused so, whoever answers.
    pub(crate) async fn refused(&mut self, command: Command<'_>, status: u16) -> Result<(), End> {
        let (name, path) = (command.name, command.path);
        match self.try_run(command, None, &[status]).await {
            Err(End::Refused) => Ok(()),
            Ok(_) => {
                self.history.wrong(format!("{} {name} {path}: not refused", self.who));
                Err(End::Wrong)
            }
            Err(end) => Err(end),
        }
    }

    /// Posts both at the same time, each to a replica: at most one of them may succeed. Which, and its answer;
    /// [`End::Lost`] if nobody told of a success.
    pub(crate) async fn race(
        &mut self,
        what: &str,
        path: &str,
        by: Option<&str>,
        bodies: [Value; 2],
    ) -> Result<Won, End> {
        self.history.write(&self.who, "invoke", &json!({ "race": what }));
        let mut sending = Vec::new();
        for body in bodies {
            let replica = self.fleet.choose(&mut self.random).ok_or(End::Lost)?;
            let mut request = self.http.post(format!("{}{path}", replica.of(path))).json(&body);
            if let Some(token) = by {
                request = request.bearer_auth(token);
            }
            sending.push(async {
                let answer = request.send().await.ok()?;
                let status = answer.status();
                Some((status, answer.json::<Value>().await.unwrap_or_default()))
            });
        }
        let told = join_all(sending).await;
        let statuses: Vec<_> =
            told.iter().map(|told| told.as_ref().map(|(status, _)| status.as_u16())).collect();
        self.history.write(&self.who, "answer", &json!({ "race": what, "statuses": statuses }));
        let mut won: Vec<Won> = Vec::new();
        for (which, told) in told.into_iter().enumerate() {
            if let Some((_, answer)) = told.filter(|(status, _)| status.is_success()) {
                won.push(Won { which, answer });
            }
        }
        if won.len() > 1 {
            self.history.wrong(format!("{what} was used twice"));
            return Err(End::Wrong);
        }
        let won = won.pop().ok_or(End::Lost)?;
        self.history.acknowledged();
        Ok(won)
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
            As::Nobody => request,
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
        let stream = self.stream(event, stream)?;
        self.history.claim([Claim::once(event, stream)]);
        Ok(())
    }

    /// The same for an event that a repeated command leaves once more.
    pub(crate) fn claim_some(&self, event: &'static str, stream: &str) -> Result<(), End> {
        let stream = self.stream(event, stream)?;
        self.history.claim([Claim { once: false, ..Claim::once(event, stream) }]);
        Ok(())
    }

    fn stream(&self, event: &str, id: &str) -> Result<Uuid, End> {
        id.parse().map_err(|_| {
            self.history.wrong(format!("{event}: {id} is no id"));
            End::Wrong
        })
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
