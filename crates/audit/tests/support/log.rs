//! A log whose checkpoints are signed, and whoever reads it.

use std::path::Path;

use stage::{Answer, Client, eventually};
use translog::{Checkpoint, Note, VerifierKey};

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

/// Publishes the lives of apps until there are so many events more.
pub(crate) async fn publish(world: &World, events: &Events, count: usize) -> Vec<Vec<u8>> {
    let organization = world.env.new_id();
    let (_, life) = events.app(&world.env, organization, count);
    for event in &life {
        world.publish(event).await;
    }
    life
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

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.to_vec()).unwrap()
}

/// The checkpoint that is served, once it covers so many entries.
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
        let checkpoint = Checkpoint::open(&note, key).unwrap();
        if checkpoint.size >= size {
            Ok((note, checkpoint))
        } else {
            Err(checkpoint.size.to_string())
        }
    })
    .await
}
