//! A log of 70,000 entries, with tiles of three levels: by our program, and by one of Go's own packages.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use clap::Parser as _;
use contract::{Envelope, Service};
use eventstore::audit_message::{self, EventWithParts};
use local_servers::testing::Go;
use stage::{Client, eventually};
use support::{Events, World};
use translog::{Checkpoint, Coordinates, Note, Resource, Tile};
use uuid::Uuid;

/// So many, in messages of so many.
const ENTRIES: usize = 70_000;
const IN_A_MESSAGE: usize = 500;
/// So many are waited for at a time.
const AT_ONCE: usize = 10_000;

/// The entry that is changed, counted from 1.
const CHANGED: usize = 54_321;

#[derive(Debug, clap::Parser)]
struct Verify {
    #[command(flatten)]
    arguments: verifier::Arguments,
}

/// What `mandate verify` says, and its exit code.
fn verify(arguments: &[&str]) -> (u8, String) {
    let verify = Verify::try_parse_from([&["verify"], arguments].concat()).unwrap();
    let mut said = Vec::new();
    let code = verifier::run(&verify.arguments, None, &mut said, None).unwrap();
    (code, String::from_utf8(said).unwrap())
}

/// As many apps that were made, by the text of one.
fn events(world: &World) -> Vec<EventWithParts> {
    let (app, made) = Events::default().app(&world.env, world.env.new_id(), 1);
    let (id, app) = (Envelope::parse(&made[0]).unwrap().id.to_string(), app.to_string());
    let text = String::from_utf8(made[0].clone()).unwrap();
    let event = |number: usize| {
        let other = |kind: u64| Uuid::from_u64_pair(kind, number as u64 + 1).to_string();
        let event = text.replace(&id, &other(1)).replace(&app, &other(2));
        EventWithParts { event: event.into_bytes().into(), context: None, details: None }
    };
    (0..ENTRIES).map(event).collect()
}

/// Copies the log into a folder, as tools for tlog-tiles do, and tells how large it is.
async fn mirror(operator: &Client, folder: &Path) -> u64 {
    let copy = async |path: String| {
        let answer = operator.get(&format!("/audit/log/{path}")).await.expect(200);
        let to = folder.join(&path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, &answer.body).unwrap();
        answer.body
    };
    let note = Note::parse(&copy("checkpoint".to_owned()).await).unwrap();
    let checkpoint: Checkpoint = note.text().parse().unwrap();
    for tile in Tile::changed(0, checkpoint.size) {
        copy(tile.to_string()).await;
    }
    for at in Coordinates::changed(0, checkpoint.size) {
        copy(Resource::Entries(at).to_string()).await;
    }
    checkpoint.size
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seventy_thousand_entries_check_out_and_a_byte_changed_by_sql_is_found_in_its_place() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let settings = audit::Settings {
        master_key: "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=".into(),
        log_origin: "log.example.com/audit/log".to_owned(),
        checkpoint_seconds: 0,
        ..audit::Settings::default()
    };
    let audit = world.start(settings).await.unwrap();
    let operator = audit.client(&world.people.operator(&world.env));
    let subject = audit_message::subject(Service::AppRegistry);
    let mut published = 0;
    for some in events(&world).chunks(AT_ONCE) {
        for message in some.chunks(IN_A_MESSAGE) {
            world.publish_message(&subject, &audit_message::write(message)).await;
        }
        published += some.len();
        world.until_recorded(i64::try_from(published).unwrap()).await;
    }
    let key = operator.get("/audit/log/key").await.expect(200).text();
    eventually("a checkpoint covers all", async || {
        let note = operator.get("/audit/log/checkpoint").await.expect(200).text();
        if note.lines().nth(1) == Some("70000") { Ok(()) } else { Err(note) }
    })
    .await;

    let mirrored = folder.path().join("mirror");
    assert_eq!(mirror(&operator, &mirrored).await, ENTRIES as u64);
    assert!(mirrored.join("tile/2/000.p/1").exists());
    let place = mirrored.to_str().unwrap();
    let go = Go::provide().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/go/tlog");
    let caches = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    let program = go.build(&source, folder.path(), &caches).unwrap();
    let go_says = || {
        let mut check = Command::new(&program);
        let output = check.args(["check", "-key", key.trim(), place, "69999"]).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = verify(&["--folder", place, "--key", key.trim()]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("70000 entries and all tiles make the signed root"), "{said}");
    let (is_well, why) = go_says();
    assert!(is_well, "{why}");

    // As whoever owns the database, and holds no key: one byte, in the place of which the log says the same still.
    let mut database = world.sql.acquire().await.unwrap();
    let flip = format!(
        "SET session_replication_role = replica;
         UPDATE audit.entries SET envelope = set_byte(envelope, 99, get_byte(envelope, 99) # 1)
         WHERE position = {CHANGED}; RESET session_replication_role"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(flip)).execute(&mut *database).await.unwrap();
    drop(database);
    let bundle = Coordinates::among((CHANGED as u64 - 1) / 256, ENTRIES as u64).unwrap();
    let bundle = Resource::Entries(bundle).to_string();
    let served = operator.get(&format!("/audit/log/{bundle}")).await.expect(200);
    assert_ne!(fs::read(mirrored.join(&bundle)).unwrap(), served.body);
    fs::write(mirrored.join(&bundle), &served.body).unwrap();
    let (code, said) = verify(&["--folder", place, "--key", key.trim()]);
    assert_eq!(code, 3, "{said}");
    let named = format!("entry {CHANGED} (index {}): its hash is not the leaf's", CHANGED - 1);
    assert!(said.contains(&named), "{said}");
    let (is_well, why) = go_says();
    assert!(!is_well && why.contains(&format!("than the entry {}", CHANGED - 1)), "{why}");
    audit.stop().await;
}
