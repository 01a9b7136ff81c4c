//! The log of a running system as an auditor verifies it: by `mandate verify`, over HTTP and in a copy, and by a program
//! that has nothing of ours (`tests/go/tlog`, of Go's own packages).

use std::fs;
use std::path::Path;
use std::process::Command;

use journeys::people::RETAIL_MEDIA;
use journeys::program::{Output, run};
use journeys::system::System;
use local_servers::testing::Go;
use sqlx::{Connection as _, PgConnection};
use stage::{Client, eventually};
use translog::{Checkpoint, Coordinates, Note, Resource, Tile, VerifierKey};

/// Copies the log into a folder, as tools for tlog-tiles do, and tells how large it is.
async fn mirror(operator: &Client, key: &VerifierKey, folder: &Path) -> u64 {
    let copy = async |path: String| {
        let answer = operator.get(&format!("/audit/log/{path}")).await.expect(200);
        let to = folder.join(&path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, &answer.body).unwrap();
        answer.body
    };
    let note = Note::parse(&copy("checkpoint".to_owned()).await).unwrap();
    let size = Checkpoint::open(&note, key).unwrap().size;
    for tile in Tile::changed(0, size) {
        copy(tile.to_string()).await;
    }
    for at in Coordinates::changed(0, size) {
        copy(Resource::Entries(at).to_string()).await;
    }
    size
}

#[tokio::test]
async fn the_log_verifies_and_a_byte_changed_by_sql_is_found_by_us_and_by_gos_own_packages() {
    let system = System::start().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let link = organization.developer.link(&app).await;
    account.admin().approve(&link, &[&account.id]).await.expect(200);
    let anyone = system.anonymous();
    let key = anyone.get("/audit/log/key").await.expect(200);
    let key = String::from_utf8(key.body.to_vec()).unwrap();
    let verifier: VerifierKey = key.trim().parse().unwrap();
    let consented = "/v1/events?type=mandate.consent.granted.v1";
    eventually("a checkpoint covers the consent", async || {
        let page = operator.get(consented).await.expect(200).json;
        let Some(event) = page["items"][0]["event"]["id"].as_str() else { return false };
        operator.get(&format!("/v1/events/{event}/proof")).await.status == 200
    })
    .await;

    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    // As an auditor does, whom an operator has given a token for nothing but this.
    let token = serde_json::json!({ "name": "auditor", "scope": "audit-log" });
    let token = operator.post("/v1/api-tokens", token).await.expect(201).field("token");
    fs::write(place("token"), token).unwrap();
    let (token, kept) = (place("token"), place("kept"));
    let server = system.addresses().of("/audit/log").to_owned();
    let verify = |further: &[&str]| -> Output {
        let key = ["verify", "--key", key.trim()];
        run(&[&key[..], further].concat())
    };
    let of_server = ["--server", &server, "--token-file", &token];
    verify(&[&of_server[..], &["--keep", &kept]].concat()).succeeded();

    let go = Go::provide().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("go/tlog");
    let caches = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    let program = go.build(&source, folder.path(), &caches).unwrap();
    let go_says = |copy: &str| {
        let mut check = Command::new(&program);
        let output = check.args(["check", "-key", key.trim(), copy, "3"]).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let before = place("before");
    let size = mirror(&operator, &verifier, Path::new(&before)).await;
    assert!(size > 10, "{size}");
    verify(&["--folder", &before, "--checkpoint", &kept]).succeeded();
    let (is_well, why) = go_says(&before);
    assert!(is_well, "{why}");

    // As whoever owns the database, and holds no key.
    let url = &system.servers.database.url;
    let mut database = PgConnection::connect(url).await.unwrap();
    let with_index = [&of_server[..], &["--database-url", url]].concat();
    verify(&with_index).succeeded();
    let hide = "SET session_replication_role = replica;
                UPDATE audit.entries SET app_id = NULL WHERE position =
                    (SELECT position FROM audit.entries WHERE type = 'mandate.consent.granted.v1')
                RETURNING position";
    let (hide, update) = hide.split_once(';').unwrap();
    sqlx::raw_sql(hide).execute(&mut database).await.unwrap();
    let position: i64 = sqlx::query_scalar(update).fetch_one(&mut database).await.unwrap();
    let output = verify(&with_index);
    assert_eq!(output.code, Some(7), "{}", output.stdout);
    let named = format!(
        "entry {position} (index {}): its row in the index has `app_id` none",
        position - 1
    );
    assert!(output.stdout.contains(&named), "{}", output.stdout);
    let strange = "SET session_replication_role = replica;
                   UPDATE audit.entries SET occurred_at = 'infinity' WHERE position = 3;
                   UPDATE audit.spans SET latest = earliest";
    sqlx::raw_sql(strange).execute(&mut database).await.unwrap();
    let output = verify(&with_index);
    assert_eq!(output.code, Some(7), "{}", output.stdout);
    // A time that is printed like that of the entry but for its era.
    let era = "SET session_replication_role = replica;
               UPDATE audit.entries SET occurred_at = occurred_at - make_interval(
                   years => 2 * extract(year FROM occurred_at AT TIME ZONE 'UTC')::int - 1) WHERE position = 5";
    sqlx::raw_sql(era).execute(&mut database).await.unwrap();
    let later = verify(&with_index);
    let is_named = |line: &str| {
        line.contains("entry 5 (index 4): its row in the index has `occurred_at` ")
            && line.contains(" BC, and the entry says ")
    };
    assert!(later.stdout.lines().any(is_named), "{}", later.stdout);
    for named in [
        "entry 3 (index 2): its row in the index has `occurred_at` infinity, and the entry says",
        "a search by time passes it over",
    ] {
        assert!(output.stdout.contains(named), "{}", output.stdout);
    }
    let flip = "SET session_replication_role = replica;
                UPDATE audit.entries SET envelope = set_byte(envelope, 9, get_byte(envelope, 9) # 1) WHERE position = 4";
    sqlx::raw_sql(flip).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let output = verify(&[&of_server[..], &["--checkpoint", &kept]].concat());
    assert_eq!(output.code, Some(3), "{}", output.stdout);
    assert!(output.stdout.contains("entry 4 (index 3)"), "{}", output.stdout);
    let after = place("after");
    mirror(&operator, &verifier, Path::new(&after)).await;
    let (is_well, why) = go_says(&after);
    assert!(!is_well && !why.is_empty());
    system.stop().await;
}
