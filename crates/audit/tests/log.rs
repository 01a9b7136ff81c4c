//! The transparency log: its tree, its checkpoints, its proofs, read as others' tools read them.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod support;

use axum::http::HeaderMap;
use contract::rpc::MemberRole;
use contract::{Envelope, EventId};
use eventstore::audit_message::EventWithParts;
use stage::Client;
use support::log::{ORIGIN, alter, anybody, checkpoint, entries, key, publish, settings};
use support::{Events, World};
use translog::{Checkpoint, Hash, Note, ProofFile, Tile, Tiles, Tree, proof};

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
