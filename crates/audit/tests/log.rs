//! The transparency log: its tree, its checkpoints, its proofs, read as others' tools read them.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod support;

use std::path::Path;

use axum::http::HeaderMap;
use contract::rpc::MemberRole;
use contract::{Envelope, EventId};
use eventstore::audit_message::EventWithParts;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use stage::{Client, eventually};
use support::log::{
    ORIGIN, alter, anybody, checkpoint, entries, key, publish, publish_together, settings,
};
use support::{Events, Replica, World};
use translog::{Checkpoint, Hash, Note, ProofFile, Tile, Tiles, Tree, VerifierKey, proof};

/// Publishes the lives of so many apps, of five events each, each in one message: whichever replica takes it has all
/// that it needs.
async fn publish_apart(world: &World, events: &Events, apps: usize) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for _ in 0..apps {
        let (_, life) = events.app(&world.env, world.env.new_id(), 5);
        let parts = life.iter().map(|event| EventWithParts {
            event: event.clone().into(),
            context: None,
            details: None,
        });
        world.publish_life(&parts.collect::<Vec<_>>()).await;
        all.extend(life);
    }
    all
}

fn cached(headers: &HeaderMap) -> &str {
    headers["cache-control"].to_str().unwrap()
}

/// All tiles, as anybody reads them.
async fn tiles(client: &Client, size: u64) -> Tiles {
    let mut tiles = Tiles::new();
    for tile in Tile::changed(0, size) {
        let answer = client.get(&format!("/audit/log/{tile}")).await.expect(200);
        tiles.insert(tile, &answer.body).unwrap();
    }
    tiles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_all_of_the_log_finds_the_root_that_was_signed() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let events = Events::default();
    let audit = world.start(settings(folder.path())).await.unwrap();
    let (anybody, operator) = (anybody(&audit), audit.client(&world.people.operator(&world.env)));
    let key = key(&anybody).await;
    assert_eq!(key.name().to_string(), ORIGIN);
    // Before there is an entry there is a tree without one.
    let (_, empty) = checkpoint(&anybody, &key, 0).await;
    assert_eq!((empty.size, empty.root), (0, Hash::of_empty_tree()));

    let published = publish(&world, &events, 300).await;
    world.until_recorded(300).await;
    let (note, checkpoint) = checkpoint(&anybody, &key, 300).await;
    let read = entries(&operator, checkpoint.size).await;
    assert_eq!(read, published);
    let mut tree = Tree::new();
    tree.append(read.iter().map(|entry| Hash::of_leaf(entry)));
    assert_eq!(tree.root(), checkpoint.root);
    tiles(&anybody, checkpoint.size).await.authenticate(checkpoint.size, checkpoint.root).unwrap();
    // It was kept before it was served.
    let kept = std::fs::read(folder.path().join("checkpoint")).unwrap();
    assert_eq!(String::from_utf8(kept).unwrap(), note.to_string());

    let full = anybody.get("/audit/log/tile/0/000").await.expect(200);
    assert_eq!(full.body.len(), 256 * 32);
    assert!(cached(&full.headers).contains("immutable"));
    let partial = anybody.get("/audit/log/tile/0/001.p/7").await.expect(200);
    assert_eq!(partial.body.len(), 7 * 32, "a prefix, as it was once");
    assert!(!cached(&partial.headers).contains("immutable"));
    for none in ["tile/0/001", "tile/0/002.p/1", "tile/2/000.p/1", "tile/0/001.p/45"] {
        let answer = anybody.get(&format!("/audit/log/{none}")).await;
        answer.problem(404, "not-found");
        assert_eq!(cached(&answer.headers), "no-store", "{none}");
    }
    for none in ["tile/64/000", "tile/0/1", "tile/0/001.p/256", "tile/0/001.p/0", "nothing"] {
        anybody.get(&format!("/audit/log/{none}")).await.problem(404, "not-found");
    }
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proof_file_proves_its_event_alone_and_to_those_who_may_see_it() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let audit = world.start(settings(folder.path())).await.unwrap();
    let organization = world.env.new_id();
    let (_, life) = Events::default().app(&world.env, organization, 20);
    for event in &life {
        world.publish(event).await;
    }
    world.until_recorded(20).await;
    let key = key(&anybody(&audit)).await;
    checkpoint(&anybody(&audit), &key, 20).await;
    let auditor = world.people.person(&world.env, &[(organization, MemberRole::Auditor)]);
    let stranger = world.people.person(&world.env, &[]);
    for event in &life {
        let id: EventId = Envelope::parse(event).unwrap().id;
        let path = format!("/v1/events/{id}/proof");
        let answer = audit.get(&auditor, &path).await.expect(200);
        let file = ProofFile::parse(&answer.body).unwrap();
        assert_eq!(file.extra, *event);
        let covered = file.verify(Hash::of_leaf(event), &key).unwrap();
        assert!(covered.size >= 20);
        assert!(file.verify(Hash::of_leaf(b"another"), &key).is_err());
        audit.get(&stranger, &path).await.problem(404, "event-not-found");
    }
    let unknown: EventId = world.env.new_id();
    let path = format!("/v1/events/{unknown}/proof");
    audit.get(&auditor, &path).await.problem(404, "event-not-found");
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_make_one_tree_and_every_checkpoint_is_the_beginning_of_the_next() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let often = |keep: &str| audit::Settings {
        max_batch: 5,
        checkpoint_seconds: 0,
        ..settings(&folder.path().join(keep))
    };
    let one = world.start(often("one")).await.unwrap();
    let two = world.start(often("two")).await.unwrap();
    let events = Events::default();
    let (first, second) =
        tokio::join!(publish_apart(&world, &events, 30), publish_apart(&world, &events, 30));
    world.until_recorded(300).await;
    world.assert_dense(300).await;
    let key = key(&anybody(&one)).await;
    assert_eq!(key, support::log::key(&anybody(&two)).await, "one key");
    let (_, last) = checkpoint(&anybody(&two), &key, 300).await;
    let read = entries(&one.client(&world.people.operator(&world.env)), 300).await;
    let mut tree = Tree::new();
    tree.append(read.iter().map(|entry| Hash::of_leaf(entry)));
    assert_eq!(last.root, tree.root());
    let mut all = [first, second].concat();
    let mut sorted = read;
    all.sort();
    sorted.sort();
    assert_eq!(sorted, all);

    let tiles = tiles(&anybody(&one), 300).await;
    let notes: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT note FROM audit.checkpoints ORDER BY size")
            .fetch_all(&world.sql)
            .await
            .unwrap();
    assert!(notes.len() > 2, "{}", notes.len());
    let signed: Vec<Checkpoint> = notes
        .iter()
        .map(|note| Checkpoint::open(&Note::parse(note).unwrap(), &key).unwrap())
        .collect();
    for pair in signed.windows(2) {
        let (old, new) = (&pair[0], &pair[1]);
        assert!(old.size < new.size, "one checkpoint a size");
        if old.size > 0 {
            let hashes = proof::consistency(old.size, new.size, &tiles).unwrap();
            proof::verify_consistency((old.size, old.root), (new.size, new.root), &hashes).unwrap();
        }
    }
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_replicas_that_keep_in_one_folder_one_serves_a_checkpoint_a_second() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let one = world.start(settings(folder.path())).await.unwrap();
    let two = world.start(settings(folder.path())).await.unwrap();
    let key = key(&anybody(&one)).await;
    let events = Events::default();
    for round in 1..=3 {
        publish_together(&world, &events, 40).await;
        world.until_recorded(round * 40).await;
        checkpoint(&anybody(&two), &key, round.unsigned_abs() * 40).await;
    }
    let early = "SELECT count(*) FROM (
        SELECT served_at - lag(served_at) OVER (ORDER BY size) AS since FROM audit.checkpoints WHERE served_at IS NOT NULL
    ) AS served WHERE since < interval '1 second'";
    assert_eq!(world.count(early).await, 0);
    assert!(world.count("SELECT count(served_at) FROM audit.checkpoints").await > 2);
    let kept = std::fs::read(folder.path().join("checkpoint")).unwrap();
    assert_eq!(Checkpoint::open(&Note::parse(&kept).unwrap(), &key).unwrap().size, 120);
    one.stop().await;
    two.stop().await;
}

/// From now on nobody stores a checkpoint, once that of the tree without an entry is served.
async fn shut(world: &World, replica: &Replica, key: &VerifierKey) -> PoolConnection<Postgres> {
    checkpoint(&anybody(replica), key, 0).await;
    let gate = "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock_shared(7777); RETURN NEW; END';
        CREATE TRIGGER gated BEFORE INSERT ON audit.checkpoints FOR EACH ROW EXECUTE FUNCTION gate()";
    sqlx::raw_sql(gate).execute(&world.sql).await.unwrap();
    let mut gate = world.sql.acquire().await.unwrap();
    sqlx::query("SELECT pg_advisory_lock(7777)").execute(&mut *gate).await.unwrap();
    gate
}

async fn until_waiting(world: &World, replicas: i64) {
    eventually("they wait", async || {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7777 AND NOT granted";
        world.count(waiting).await == replicas
    })
    .await;
}

async fn open(mut gate: PoolConnection<Postgres>) {
    sqlx::query("SELECT pg_advisory_unlock(7777)").execute(&mut *gate).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_not_ready_while_entries_wait_for_a_checkpoint() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let audit = world.start(settings(folder.path())).await.unwrap();
    let key = key(&anybody(&audit)).await;
    let gate = shut(&world, &audit, &key).await;
    publish_together(&world, &Events::default(), 5).await;
    until_waiting(&world, 1).await;
    let readiness = audit.health.readiness().await;
    assert!(readiness.ready, "it is early: {}", readiness.failing());
    alter(&world, "UPDATE audit.entries SET recorded_at = recorded_at - interval '62 seconds'")
        .await;
    eventually("it is late", async || {
        let failing = audit.health.readiness().await.failing();
        if failing.contains("5 entries wait for a checkpoint") { Ok(()) } else { Err(failing) }
    })
    .await;
    open(gate).await;
    checkpoint(&anybody(&audit), &key, 5).await;
    eventually("all are covered", async || audit.health.readiness().await.ready).await;
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_replicas_that_sign_one_size_at_once_both_go_on_with_the_one_that_was_stored() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let folders = ["one", "two"].map(|of| folder.path().join(of));
    let often = |keep: &Path| audit::Settings { checkpoint_seconds: 0, ..settings(keep) };
    let one = world.start(often(&folders[0])).await.unwrap();
    let two = world.start(often(&folders[1])).await.unwrap();
    let key = key(&anybody(&one)).await;
    let gate = shut(&world, &one, &key).await;
    publish_together(&world, &Events::default(), 5).await;
    // Both have seen that nobody signed this size, and stand before the insert.
    until_waiting(&world, 2).await;
    open(gate).await;

    until_waiting(&world, 0).await;
    for replica in [&one, &two] {
        let (_, last) = checkpoint(&anybody(replica), &key, 5).await;
        let tiles = tiles(&anybody(replica), 5).await;
        assert_eq!(last.root, translog::root(5, &tiles).unwrap());
    }
    // Whichever serves it has kept it.
    let kept = folders.iter().filter_map(|folder| std::fs::read(folder.join("checkpoint")).ok());
    let open = |note: Vec<u8>| Checkpoint::open(&Note::parse(&note).unwrap(), &key).unwrap().size;
    assert_eq!(kept.map(open).max(), Some(5));
    // Neither failed, not for a moment: what fails is told for longer than this took.
    for replica in [&one, &two] {
        let readiness = replica.health.readiness().await;
        assert!(readiness.ready, "{}", readiness.failing());
    }
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_from_before_its_tree_gets_one() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    // Nothing is signed without a key, but the tree is there.
    let audit = world.audit().await;
    publish(&world, &Events::default(), 270).await;
    world.until_recorded(270).await;
    anybody(&audit).get("/audit/log/checkpoint").await.problem(503, "unavailable");
    audit.stop().await;
    alter(
        &world,
        "DELETE FROM audit.tiles; UPDATE audit.head SET tree_size = 0, root = sha256('')",
    )
    .await;

    let audit = world.start(settings(folder.path())).await.unwrap();
    let key = key(&anybody(&audit)).await;
    let (_, checkpoint) = checkpoint(&anybody(&audit), &key, 270).await;
    let read = entries(&audit.client(&world.people.operator(&world.env)), 270).await;
    let mut tree = Tree::new();
    tree.append(read.iter().map(|entry| Hash::of_leaf(entry)));
    assert_eq!(checkpoint.root, tree.root());
    audit.stop().await;
}
