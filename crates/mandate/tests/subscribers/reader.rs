//! A login on NATS, and all it tries.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event};
use futures::StreamExt as _;
use serde_json::{Value, json};
use stage::eventually;

use crate::installation::Credentials;

pub(crate) struct Reader {
    pub(crate) client: Client,
    login: String,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Reader {
    pub(crate) async fn connect(credentials: &Credentials) -> Result<Self, ConnectErrorKind> {
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&complaints);
        let Credentials { url, user, password } = credentials;
        let client = ConnectOptions::new()
            .user_and_password(user.clone(), password.clone())
            .custom_inbox_prefix(format!("_INBOX.{user}"))
            .event_callback(move |event: Event| {
                // The server says subjects as they are; compared in lower case all the same.
                told.lock().unwrap().push(event.to_string().to_lowercase());
                async {}
            })
            .connect(url)
            .await
            .map_err(|error| error.kind())?;
        Ok(Self { client, login: user.clone(), complaints })
    }

    fn request(&self) -> String {
        format!("$JS.API.CONSUMER.MSG.NEXT.EVENTS.{}", self.login)
    }

    /// What its consumer has at once, acknowledged.
    pub(crate) async fn read(&self) -> Vec<Value> {
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.unwrap();
        let wanted = json!({ "batch": 100, "no_wait": true }).to_string();
        self.client.publish_with_reply(self.request(), inbox, wanted.into()).await.unwrap();
        let mut events = Vec::new();
        while let Ok(Some(message)) =
            tokio::time::timeout(Duration::from_secs(2), answers.next()).await
        {
            if message.status.is_some() {
                break; // that was all, or nobody answers
            }
            events.push(serde_json::from_slice(&message.payload).unwrap());
            let ack = message.reply.unwrap();
            self.client.publish(ack, "+ACK".into()).await.unwrap();
        }
        self.client.flush().await.unwrap();
        events
    }

    /// Reads until it has had so many different events; gives what it has had.
    pub(crate) async fn read_until(&self, count: usize) -> Vec<Value> {
        let had = tokio::sync::Mutex::new(Vec::new());
        eventually("the events are delivered", async || {
            let mut had = had.lock().await;
            had.extend(self.read().await);
            if ids(&had).len() >= count { Ok(()) } else { Err(format!("{had:?}")) }
        })
        .await;
        had.into_inner()
    }

    /// Asks for messages, and for the answer to be sent to this subject.
    pub(crate) async fn have_answered_at(&self, subject: &str) {
        let wanted = json!({ "batch": 1, "no_wait": true }).to_string();
        let subject = subject.to_owned();
        self.client.publish_with_reply(self.request(), subject, wanted.into()).await.unwrap();
        self.client.flush().await.unwrap();
    }

    pub(crate) async fn is_refused_to_publish(&self, subject: &str) {
        self.client.publish(subject.to_owned(), "{}".into()).await.unwrap();
        self.is_told("publish to", subject).await;
    }

    pub(crate) async fn is_refused_to_subscribe(&self, subject: &str) {
        let _subscription = self.client.subscribe(subject.to_owned()).await.unwrap();
        self.is_told("subscription to", subject).await;
    }

    async fn is_told(&self, what: &str, subject: &str) {
        let complaint = format!("{what} \"{}\"", subject.to_lowercase());
        eventually(&format!("refused: {complaint}"), async || {
            let told = self.complaints.lock().unwrap();
            if told.iter().any(|text| text.contains(&complaint)) {
                return Ok(());
            }
            Err(format!("{told:?}"))
        })
        .await;
    }
}

/// The ids of events, each once.
pub(crate) fn ids(events: &[Value]) -> BTreeSet<String> {
    events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}
