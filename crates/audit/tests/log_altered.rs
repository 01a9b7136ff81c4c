//! What whoever owns the database can do to the log's tables, before a start and while audit runs: nothing of it is
//! signed.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod support;

use std::path::Path;

use stage::eventually;
use support::log::{
    alter, anybody, checkpoint, entries, key, publish, publish_together, refusal, settings,
};
use support::{Events, Replica, World};
use translog::{Checkpoint, Hash, Note, Tile, Tiles, Tree};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_altered_or_an_older_database_is_not_signed() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let audit = world.start(settings(folder.path())).await.unwrap();
    let events = Events::default();
    publish(&world, &events, 10).await;
    world.until_recorded(10).await;
    let key = key(&anybody(&audit)).await;
    let (note, _) = checkpoint(&anybody(&audit), &key, 10).await;
    audit.stop().await;

    // A copy that is behind is no mismatch, and one of another log is told as such.
    let elsewhere = tempfile::tempdir().unwrap();
    world.start(settings(elsewhere.path())).await.unwrap().stop().await;
    std::fs::write(elsewhere.path().join("checkpoint"), "nothing").unwrap();
    let refused = refusal(&world, elsewhere.path()).await;
    assert!(refused.contains("is no checkpoint of this log"), "{refused}");

    // The database is older than what others were told.
    alter(
        &world,
        "DELETE FROM audit.entries WHERE position > 9; DELETE FROM audit.checkpoints;
         UPDATE audit.tiles SET hashes = substr(hashes, 1, 9 * 32); UPDATE audit.head SET size = 9, tree_size = 9",
    )
    .await;
    let refused = refusal(&world, folder.path()).await;
    assert!(
        refused.contains("a checkpoint of 10 entries that was served, and the log has 9"),
        "{refused}"
    );

    // The same size, and another tree than the one that was signed.
    alter(
        &world,
        "UPDATE audit.tiles SET hashes = hashes || sha256('another'); UPDATE audit.head SET size = 10, tree_size = 10",
    )
    .await;
    let refused = refusal(&world, folder.path()).await;
    assert!(refused.contains("does not have the root that was signed"), "{refused}");
    assert_eq!(Checkpoint::open(&note, &key).unwrap().size, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tree_grows_over_entries_that_are_missing() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    // Without a key nothing is signed.
    let audit = world.audit().await;
    publish(&world, &Events::default(), 20).await;
    world.until_recorded(20).await;
    audit.stop().await;
    alter(
        &world,
        "DELETE FROM audit.entries WHERE position = 5;
         DELETE FROM audit.tiles; UPDATE audit.head SET tree_size = 0, root = sha256('')",
    )
    .await;
    let audit = world.start(settings(folder.path())).await.unwrap();
    until_it_says(&audit, "of the 20 entries that follow entry 0 19 are there").await;
    let in_tree: i64 =
        sqlx::query_scalar("SELECT tree_size FROM audit.head").fetch_one(&world.sql).await.unwrap();
    assert_eq!(in_tree, 0);
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_the_database_did_not_record_comes_again() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let audit = world.start(settings(folder.path())).await.unwrap();
    let events = Events::default();
    publish(&world, &events, 3).await;
    world.until_recorded(3).await;
    // Says that all is well, and does nothing.
    let swallowing =
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER swallowed BEFORE UPDATE ON audit.head FOR EACH ROW
             WHEN (NEW.size > OLD.size) EXECUTE FUNCTION swallow()";
    sqlx::raw_sql(swallowing).execute(&world.sql).await.unwrap();
    // Of one message: of several, those that come later in a batch of their own wait for the first, and that is no failure.
    let lost = publish_together(&world, &events, 4).await;
    eventually("it fails", async || {
        let readiness = audit.health.readiness().await;
        let failing = readiness.failing();
        if failing.contains("the log's end moved under its lock") { Ok(()) } else { Err(failing) }
    })
    .await;
    assert_eq!((world.recorded().await, world.waiting_in_queue().await), (3, 1));

    let mended = "DROP TRIGGER swallowed ON audit.head";
    sqlx::raw_sql(mended).execute(&world.sql).await.unwrap();
    world.until_recorded(7).await;
    eventually("it fails no more", async || {
        let readiness = audit.health.readiness().await;
        if readiness.ready { Ok(()) } else { Err(readiness.failing()) }
    })
    .await;
    world.assert_dense(7).await;
    let key = key(&anybody(&audit)).await;
    checkpoint(&anybody(&audit), &key, 7).await;
    let read = entries(&audit.client(&world.people.operator(&world.env)), 7).await;
    assert_eq!(read[3..], lost);
    audit.stop().await;
}

/// As whoever owns the database and knows how a tree is made: writes it as if another event had been recorded first, and
/// so many more at its end, all hashes in accord with each other.
async fn rewrite(world: &World, more: usize) {
    let mut envelopes: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT envelope FROM audit.entries ORDER BY position")
            .fetch_all(&world.sql)
            .await
            .unwrap();
    envelopes[0] = b"{\"another\":true}".to_vec();
    envelopes.resize(envelopes.len() + more, b"{}".to_vec());
    let mut tree = Tree::new();
    let rows = tree.append(envelopes.iter().map(|envelope| Hash::of_leaf(envelope)));
    let mut change = world.sql.begin().await.unwrap();
    sqlx::query("SET LOCAL session_replication_role = replica")
        .execute(&mut *change)
        .await
        .unwrap();
    sqlx::query("UPDATE audit.entries SET envelope = $1 WHERE position = 1")
        .bind(&envelopes[0])
        .execute(&mut *change)
        .await
        .unwrap();
    for row in rows {
        let (level, index) = (i16::from(row.tile.level()), row.tile.at().index());
        sqlx::query("UPDATE audit.tiles SET hashes = $3 WHERE level = $1 AND index = $2")
            .bind(level)
            .bind(i64::try_from(index).unwrap())
            .bind(row.bytes)
            .execute(&mut *change)
            .await
            .unwrap();
    }
    sqlx::query("UPDATE audit.head SET root = $1, size = $2, tree_size = $2")
        .bind(tree.root().as_bytes().as_slice())
        .bind(i64::try_from(tree.size()).unwrap())
        .execute(&mut *change)
        .await
        .unwrap();
    change.commit().await.unwrap();
}

/// Awaits that `/readyz` says so of it.
async fn until_it_says(audit: &Replica, what: &str) {
    eventually(what, async || {
        let failing = audit.health.readiness().await.failing();
        if failing.contains(what) { Ok(()) } else { Err(failing) }
    })
    .await;
}

/// A log of ten entries that were signed and served.
async fn ten_signed(world: &World, keep: &Path) -> Replica {
    let audit = world.start(settings(keep)).await.unwrap();
    publish(world, &Events::default(), 10).await;
    world.until_recorded(10).await;
    let key = key(&anybody(&audit)).await;
    checkpoint(&anybody(&audit), &key, 10).await;
    audit
}

const LARGEST: &str = "SELECT max(size) FROM audit.checkpoints";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_root_for_a_size_is_not_signed_while_audit_runs_nor_is_what_grows_from_it() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let audit = ten_signed(&world, folder.path()).await;
    rewrite(&world, 0).await;
    until_it_says(&audit, "a checkpoint of 10 entries was signed with the root").await;
    // The tree in memory is not the one that is stored: it is not written over that.
    publish(&world, &Events::default(), 5).await;
    world.until_recorded(15).await;
    until_it_says(&audit, "the tree of 10 entries does not have the root that was signed").await;
    assert_eq!(world.count(LARGEST).await, 10);
    audit.stop().await;
    let refused = refusal(&world, folder.path()).await;
    assert!(refused.contains("does not have the root that was signed"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_larger_tree_that_does_not_go_on_from_the_last_is_not_signed_while_audit_runs() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let audit = ten_signed(&world, folder.path()).await;
    rewrite(&world, 1).await;
    until_it_says(&audit, "the tree of 10 entries does not have the root that was signed").await;
    assert_eq!(world.count(LARGEST).await, 10);
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_is_held_to_the_last_also_by_tiles_that_were_filled_in_between() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let audit = world.start(settings(folder.path())).await.unwrap();
    let events = Events::default();
    publish(&world, &events, 250).await;
    world.until_recorded(250).await;
    let key = key(&anybody(&audit)).await;
    checkpoint(&anybody(&audit), &key, 250).await;
    audit.stop().await;
    // Without a key nothing is signed.
    let audit = world.audit().await;
    publish(&world, &events, 50).await;
    world.until_recorded(300).await;
    audit.stop().await;
    // The tile of the first 256 stays, and what the tile above it has of it is another.
    let altered = "UPDATE audit.tiles SET hashes = sha256('another') WHERE level = 1";
    alter(&world, altered).await;
    let mut tiles = Tiles::default();
    for tile in Tile::right_edge(300) {
        let hashes =
            sqlx::query_scalar("SELECT hashes FROM audit.tiles WHERE level = $1 AND index = $2")
                .bind(i16::from(tile.level()))
                .bind(i64::try_from(tile.at().index()).unwrap());
        let hashes: Vec<u8> = hashes.fetch_one(&world.sql).await.unwrap();
        tiles.insert(tile, &hashes).unwrap();
    }
    let root = translog::root(300, &tiles).unwrap();
    let mut change = world.sql.begin().await.unwrap();
    let replica = sqlx::query("SET LOCAL session_replication_role = replica");
    replica.execute(&mut *change).await.unwrap();
    let head = sqlx::query("UPDATE audit.head SET root = $1").bind(root.as_bytes().as_slice());
    head.execute(&mut *change).await.unwrap();
    change.commit().await.unwrap();

    let refused = refusal(&world, folder.path()).await;
    assert!(refused.contains("does not go on from it"), "{refused}");
    let elsewhere = tempfile::tempdir().unwrap();
    let audit = world.start(settings(elsewhere.path())).await.unwrap();
    until_it_says(&audit, "does not go on from it").await;
    assert_eq!(world.count(LARGEST).await, 250);
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_signed_is_known_though_the_database_says_no_more_that_it_was() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let audit = ten_signed(&world, folder.path()).await;
    rewrite(&world, 0).await;
    alter(&world, "DELETE FROM audit.checkpoints").await;
    publish(&world, &Events::default(), 5).await;
    world.until_recorded(15).await;
    until_it_says(&audit, "the tree of 10 entries does not have the root that was signed").await;
    assert_eq!(world.count("SELECT count(*) FROM audit.checkpoints").await, 0);
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_shrank_while_audit_runs_is_not_signed() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let audit = ten_signed(&world, folder.path()).await;
    alter(
        &world,
        "DELETE FROM audit.entries WHERE position > 9; DELETE FROM audit.checkpoints;
         UPDATE audit.tiles SET hashes = substr(hashes, 1, 9 * 32); UPDATE audit.head SET size = 9, tree_size = 9",
    )
    .await;
    until_it_says(
        &audit,
        "a checkpoint of 10 entries was signed since this started, and now the tree has 9",
    )
    .await;
    assert_eq!(world.count("SELECT count(*) FROM audit.checkpoints").await, 0);
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_kept_is_not_written_over_by_what_does_not_go_on_from_it() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let audit = ten_signed(&world, folder.path()).await;
    let file = folder.path().join("checkpoint");
    std::fs::write(&file, "of another log").unwrap();
    publish(&world, &Events::default(), 5).await;
    until_it_says(&audit, "is no checkpoint of this log").await;
    assert_eq!(std::fs::read(&file).unwrap(), b"of another log");
    let served = "SELECT max(size) FROM audit.checkpoints WHERE served_at IS NOT NULL";
    assert_eq!(world.count(served).await, 10, "nothing is served that was not kept");
    std::fs::remove_file(&file).unwrap();
    let key = key(&anybody(&audit)).await;
    checkpoint(&anybody(&audit), &key, 15).await;
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_ahead_when_a_checkpoint_was_served_holds_none_up() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    ten_signed(&world, folder.path()).await.stop().await;
    alter(&world, "UPDATE audit.checkpoints SET served_at = served_at + interval '1 day'").await;
    let audit = world.start(settings(folder.path())).await.unwrap();
    publish(&world, &Events::default(), 5).await;
    let key = key(&anybody(&audit)).await;
    checkpoint(&anybody(&audit), &key, 15).await;
    audit.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_replica_keeps_its_own_copy_and_one_that_is_behind_is_no_mismatch() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let of = |name: &str| settings(&folder.path().join(name));
    let events = Events::default();
    let one = world.start(of("one")).await.unwrap();
    publish(&world, &events, 5).await;
    world.until_recorded(5).await;
    let key = key(&anybody(&one)).await;
    checkpoint(&anybody(&one), &key, 5).await;
    one.stop().await;
    let two = world.start(of("two")).await.unwrap();
    publish(&world, &events, 5).await;
    world.until_recorded(10).await;
    checkpoint(&anybody(&two), &key, 10).await;
    let kept = |name: &str| {
        let note = std::fs::read(folder.path().join(name).join("checkpoint")).unwrap();
        Checkpoint::open(&Note::parse(&note).unwrap(), &key).unwrap().size
    };
    assert_eq!((kept("one"), kept("two")), (5, 10));
    // What the other one served while this did not run, and while both do.
    let one = world.start(of("one")).await.unwrap();
    let are_kept = async |size| {
        eventually("both keep it", async || {
            let sizes = (kept("one"), kept("two"));
            if sizes == (size, size) { Ok(()) } else { Err(format!("{sizes:?}")) }
        })
        .await;
    };
    are_kept(10).await;
    publish(&world, &events, 5).await;
    are_kept(15).await;
    one.stop().await;
    two.stop().await;
    // So whichever is started, it knows that the database is older than what was served.
    alter(
        &world,
        "DELETE FROM audit.entries WHERE position > 10; DELETE FROM audit.checkpoints;
         UPDATE audit.tiles SET hashes = substr(hashes, 1, 10 * 32); UPDATE audit.head SET size = 10, tree_size = 10",
    )
    .await;
    for name in ["one", "two"] {
        let refused = refusal(&world, &folder.path().join(name)).await;
        assert!(refused.contains("a checkpoint of 15 entries that was served"), "{refused}");
    }
}
