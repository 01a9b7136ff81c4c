//! The log's key is replaced: the log says so, running replicas sign by the new one, and whoever trusts the old one is
//! led over.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod support;

use contract::facts::{LogKeyCreated, LogKeyReplaced};
use contract::{Envelope, Fact, Service};
use eventstore::EventStore;
use stage::eventually;
use support::log::{anybody, checkpoint, key, publish, settings, text};
use support::{Events, World};
use translog::{Checkpoint, Hash, Note, NoteError, ProofFile, VerifierKey};

/// The facts of this type that are recorded, with their positions.
async fn recorded<F: Fact>(world: &World) -> Vec<(i64, F)> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(
        "SELECT position, envelope FROM audit.entries WHERE type = $1 ORDER BY position",
    )
    .bind(F::TYPE)
    .fetch_all(&world.sql)
    .await
    .unwrap();
    let fact = |(position, bytes): (i64, Vec<u8>)| {
        let envelope = Envelope::parse(&bytes).unwrap();
        assert_eq!(envelope.source, Service::Audit);
        (position, serde_json::from_value(envelope.data).unwrap())
    };
    rows.into_iter().map(fact).collect()
}

/// What `mandate log replace-key` does, beside the running replicas.
async fn replace(world: &World, settings: &audit::Settings) -> audit::ReplacedKey {
    let resources = world.servers.connect(Service::Audit, &stage::shared(&world.env)).await;
    let events = EventStore::new(Service::Audit, resources.pool.clone(), world.env.clone());
    audit::replace_log_key(&events, settings).await.unwrap()
}

/// All that was signed, in the order of the sizes.
async fn signed(world: &World) -> Vec<(i64, Note)> {
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT size, note FROM audit.checkpoints ORDER BY size")
            .fetch_all(&world.sql)
            .await
            .unwrap();
    rows.into_iter().map(|(size, note)| (size, Note::parse(&note).unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_says_by_which_key_it_is_signed_once_however_often_it_starts() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let one = world.start_with_relay(settings(&folder.path().join("one"))).await;
    let two = world.start_with_relay(settings(&folder.path().join("two"))).await;
    world.until_recorded(1).await;
    one.stop().await;
    two.stop().await;
    // A key from before the log said which it has.
    support::log::alter(&world, "DELETE FROM audit.log_key_events").await;
    let again = world.start_with_relay(settings(folder.path())).await;
    world.until_recorded(2).await;
    let created = recorded::<LogKeyCreated>(&world).await;
    let key = key(&anybody(&again)).await.to_string();
    assert_eq!(created.len(), 2);
    assert!(created.iter().all(|(_, created)| created.verifier_key == key));
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replaced_key_leads_to_the_one_that_running_replicas_sign_by() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let settings = audit::Settings { checkpoint_seconds: 0, ..settings(folder.path()) };
    let audit = world.start_with_relay(settings.clone()).await;
    let (anybody, events) = (anybody(&audit), Events::default());
    publish(&world, &events, 5).await;
    world.until_recorded(6).await;
    let old = key(&anybody).await;
    let (before, _) = checkpoint(&anybody, &old, 6).await;

    let replaced = replace(&world, &settings).await;
    assert_eq!(replaced.old, old.to_string());
    let new: VerifierKey = replaced.new.parse().unwrap();
    assert_eq!(new.name(), old.name());
    let path = format!("/audit/log/key-replacement/{}", old.id());
    let answer = eventually("the old key vouches for the new one", async || {
        let answer = anybody.get(&path).await;
        if answer.status == 200 { Ok(answer) } else { Err(answer.text()) }
    })
    .await;
    assert_eq!(key(&anybody).await, new);
    let file = ProofFile::parse(&answer.body).unwrap();
    let covered = file.verify(Hash::of_leaf(&file.extra), &old).unwrap();
    assert_eq!(Checkpoint::open(&file.checkpoint, &new).unwrap(), covered);
    let said = Envelope::parse(&file.extra).unwrap();
    let said: LogKeyReplaced = serde_json::from_value(said.data).unwrap();
    assert_eq!((said.replaced_verifier_key, said.verifier_key), (replaced.old, replaced.new));
    let [(position, said)] = &recorded::<LogKeyReplaced>(&world).await[..] else { panic!("one") };
    assert_eq!(u64::try_from(*position).unwrap(), file.index + 1);
    let created = &recorded::<LogKeyCreated>(&world).await[0].1;
    assert_eq!(said.log_key_id, created.log_key_id, "one stream: a missing one would show");

    publish(&world, &events, 5).await;
    world.until_recorded(12).await;
    let (last, _) = checkpoint(&anybody, &new, 12).await;
    assert_eq!(last.verify(std::slice::from_ref(&old)), Err(NoteError::UnknownKeys));
    for (size, note) in signed(&world).await {
        if size >= *position {
            note.verify(std::slice::from_ref(&new)).unwrap();
        } else {
            note.verify(std::slice::from_ref(&old)).unwrap();
        }
    }
    let keys = text(&anybody.get("/audit/log/keys").await.expect(200));
    assert_eq!(keys, format!("{new}\n{old}\n"));
    for none in [new.id().to_string(), "00000000".to_owned(), "key".to_owned()] {
        let none = anybody.get(&format!("/audit/log/key-replacement/{none}")).await;
        none.problem(404, "not-found");
    }
    audit.stop().await;
    // What a replica kept under the old key is no mismatch.
    std::fs::write(folder.path().join("checkpoint"), before.to_string()).unwrap();
    world.start(settings).await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_replaced_before_the_log_hears_of_it_lead_from_each_to_the_next() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let settings = settings(folder.path());
    // Without a relay: nothing of it is in the log.
    let silent = world.start(settings.clone()).await.unwrap();
    let first = key(&anybody(&silent)).await;
    checkpoint(&anybody(&silent), &first, 0).await;
    let second = replace(&world, &settings).await;
    let third = replace(&world, &settings).await;
    assert_eq!((second.old, &second.new), (first.to_string(), &third.old));
    // Until one of them has signed what is served, it is verified by the first.
    assert_eq!(key(&anybody(&silent)).await, first);
    publish(&world, &Events::default(), 3).await;
    world.until_recorded(3).await;
    let keys = [first, third.old.parse().unwrap(), third.new.parse().unwrap()];
    let (note, _) = checkpoint(&anybody(&silent), &keys[2], 3).await;
    assert_eq!(note.verify(&keys).unwrap().len(), 3, "signed by all: none is handed over yet");
    silent.stop().await;

    let audit = world.start_with_relay(settings).await;
    world.until_recorded(6).await;
    for (old, new) in keys.iter().zip(&keys[1..]) {
        let path = format!("/audit/log/key-replacement/{}", old.id());
        let answer = eventually("it is handed over", async || {
            let answer = anybody(&audit).get(&path).await;
            if answer.status == 200 { Ok(answer) } else { Err(answer.text()) }
        })
        .await;
        let file = ProofFile::parse(&answer.body).unwrap();
        file.verify(Hash::of_leaf(&file.extra), old).unwrap();
        let said = Envelope::parse(&file.extra).unwrap();
        assert_eq!(said.data["verifier_key"], new.to_string());
    }
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_replaced_whole_or_not_at_all() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let settings = settings(folder.path());
    let resources = world.servers.connect(Service::Audit, &stage::shared(&world.env)).await;
    let events = EventStore::new(Service::Audit, resources.pool.clone(), world.env.clone());
    let refused = async |settings: &audit::Settings| {
        audit::replace_log_key(&events, settings).await.unwrap_err().to_string()
    };
    assert!(refused(&settings).await.contains("the log has no key yet"));
    world.start(settings.clone()).await.unwrap().stop().await;
    let without = audit::Settings { master_key: "".into(), ..settings.clone() };
    assert!(refused(&without).await.contains("audit.master_key"));
    let master_key = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=".into();
    let other = audit::Settings { master_key, ..settings.clone() };
    assert!(refused(&other).await.contains("audit.master_key"));
    // The event cannot be written: nor is there another key.
    sqlx::raw_sql("REVOKE INSERT ON audit.outbox FROM mandate_audit")
        .execute(&world.sql)
        .await
        .unwrap();
    refused(&settings).await;
    assert_eq!(world.count("SELECT count(*) FROM audit.log_keys").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM audit.events").await, 1);
}
