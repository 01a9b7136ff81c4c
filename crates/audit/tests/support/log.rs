//! The transparency log of a replica, as its readers find it.

use std::path::Path;

use contract::Envelope;
use eventstore::audit_message::{self, EventWithParts};
use stage::{Answer, Client, eventually};
use translog::{Checkpoint, Coordinates, Note, Resource, VerifierKey, bundle};

use super::{Events, Replica, World};

/// Its name.
pub(crate) const ORIGIN: &str = "log.example.com/audit/log";

/// With a key, and copies of the checkpoints in this folder.
pub(crate) fn settings(keep: &Path) -> audit::Settings {
    audit::Settings {
        reconcile_seconds: 1,
        master_key: "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".into(),
        log_origin: ORIGIN.to_owned(),
        keep_dir: keep.to_owned(),
        ..audit::Settings::default()
    }
}

/// Whoever has no token.
pub(crate) fn anybody(replica: &Replica) -> Client {
    Client::anonymous(&replica.routes)
}

/// The key that the log itself names.
pub(crate) async fn key(client: &Client) -> VerifierKey {
    let answer = client.get("/audit/log/key").await.expect(200);
    text(&answer).trim_end().parse().unwrap()
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// The checkpoint that is served, once it is by this key and covers so many entries.
pub(crate) async fn checkpoint(
    client: &Client,
    key: &VerifierKey,
    size: u64,
) -> (Note, Checkpoint) {
    eventually("a checkpoint covers it", async || {
        let answer = client.get("/audit/log/checkpoint").await;
        if answer.status != 200 {
            return Err(answer.status.to_string());
        }
        let note = Note::parse(&answer.body).unwrap();
        let checkpoint = Checkpoint::open(&note, key).map_err(|error| error.to_string())?;
        if checkpoint.size >= size {
            Ok((note, checkpoint))
        } else {
            Err(checkpoint.size.to_string())
        }
    })
    .await
}

/// Publishes the lives of apps until there are so many events more.
pub(crate) async fn publish(world: &World, events: &Events, count: usize) -> Vec<Vec<u8>> {
    let organization = world.env.new_id();
    let (_, life) = events.app(&world.env, organization, count);
    for event in &life {
        world.publish(event).await;
    }
    life
}

/// All entries, out of the bundles.
pub(crate) async fn entries(operator: &Client, size: u64) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    for at in Coordinates::changed(0, size) {
        let answer =
            operator.get(&format!("/audit/log/{}", Resource::Entries(at))).await.expect(200);
        let read = bundle::parse(&answer.body, at.width()).unwrap();
        entries.extend(read.into_iter().map(<[u8]>::to_vec));
    }
    entries
}

/// As the database's owner, who can do everything.
pub(crate) async fn alter(world: &World, sql: &'static str) {
    let mut conn = world.sql.acquire().await.unwrap();
    let sql =
        format!("SET session_replication_role = replica; {sql}; RESET session_replication_role");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *conn).await.unwrap();
}

/// Why it does not start.
pub(crate) async fn refusal(world: &World, keep: &Path) -> String {
    match world.start(settings(keep)).await {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    }
}

/// Publishes the lives of apps, as [`publish`], and in one message.
pub(crate) async fn publish_together(world: &World, events: &Events, count: usize) -> Vec<Vec<u8>> {
    let organization = world.env.new_id();
    let (_, life) = events.app(&world.env, organization, count);
    let service = Envelope::parse(&life[0]).unwrap().source;
    let with_parts: Vec<EventWithParts> = life
        .iter()
        .map(|event| EventWithParts { event: event.clone().into(), context: None, details: None })
        .collect();
    world
        .publish_message(&audit_message::subject(service), &audit_message::write(&with_parts))
        .await;
    life
}
