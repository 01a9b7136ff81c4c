//! A subscriber outside: a durable pull consumer of its own that reads every event, knows by their
//! ids which it has had, and makes its consumer again when that is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use async_nats::jetstream;
use async_nats::jetstream::consumer::{AckPolicy, pull};
use futures::StreamExt;
use tokio::task::JoinHandle;
use tokio::time::interval;
use uuid::Uuid;

/// Its durable name.
pub const DURABLE: &str = "faults-subscriber";

/// How soon it tries again.
const AGAIN: Duration = Duration::from_millis(100);

/// A subscriber. It ends with this value.
#[derive(Debug)]
pub struct Subscriber {
    inbox: Arc<Mutex<Inbox>>,
    following: JoinHandle<()>,
}

/// What it has received.
#[derive(Debug, Default)]
struct Inbox {
    events: HashMap<Uuid, Vec<u8>>,
    wrong: Vec<String>,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.following.abort();
    }
}

impl Subscriber {
    /// Follows all events.
    pub fn follow(client: async_nats::Client) -> Self {
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let received = Arc::clone(&inbox);
        let following = tokio::spawn(async move {
            let mut pauses = interval(AGAIN);
            loop {
                pauses.tick().await;
                // Why it ended does not matter: it is made again.
                let _ = read(&client, &received).await;
            }
        });
        Self { inbox, following }
    }

    /// How many events it has.
    pub fn count(&self) -> usize {
        self.lock().events.len()
    }

    /// The bytes of an event, if it has had it.
    pub fn event(&self, id: Uuid) -> Option<Vec<u8>> {
        self.lock().events.get(&id).cloned()
    }

    /// What it received and should not have.
    pub fn wrongs(&self) -> Vec<String> {
        self.lock().wrong.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }
}

fn lock(inbox: &Mutex<Inbox>) -> MutexGuard<'_, Inbox> {
    inbox.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read(client: &async_nats::Client, inbox: &Mutex<Inbox>) -> anyhow::Result<()> {
    let jetstream = jetstream::new(client.clone());
    // Not made by us: the services make it.
    let stream = jetstream.get_stream_no_info("EVENTS").await?;
    let config = pull::Config {
        durable_name: Some(DURABLE.to_owned()),
        filter_subject: "mandate.events.>".to_owned(),
        ack_policy: AckPolicy::Explicit,
        ack_wait: Duration::from_secs(5),
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await?;
    let mut messages = consumer
        .stream()
        .heartbeat(Duration::from_millis(500))
        .expires(Duration::from_secs(2))
        .messages()
        .await?;
    while let Some(message) = messages.next().await {
        let message = message?;
        inbox_add(inbox, &message.payload);
        message.ack().await.map_err(|error| anyhow::anyhow!(error))?;
    }
    Ok(())
}

/// The same id must always have the same bytes.
fn inbox_add(inbox: &Mutex<Inbox>, payload: &[u8]) {
    let mut inbox = lock(inbox);
    let id = serde_json::from_slice::<serde_json::Value>(payload)
        .context("JSON")
        .and_then(|event| Ok(event["id"].as_str().context("an id")?.parse::<Uuid>()?));
    match id {
        Ok(id) => match inbox.events.get(&id) {
            Some(known) if known != payload => {
                inbox.wrong.push(format!("the event {id} came with other bytes"));
            }
            Some(_) => {}
            None => drop(inbox.events.insert(id, payload.to_vec())),
        },
        Err(error) => inbox.wrong.push(format!("a message that is no event: {error}")),
    }
}
