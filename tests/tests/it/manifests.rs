//! Whole streams that are missing: a running system says what it recorded, and an auditor finds what is not there.

use std::fs;

use journeys::people::RETAIL_MEDIA;
use journeys::program::{Output, run};
use journeys::system::System;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use stage::{Client, eventually};
use tempfile::TempDir;
use translog::{Checkpoint, Coordinates, Note, Resource, Signer, Tile, Tree, VerifierKey, bundle};

/// What the report says of the manifests of this system.
async fn report(operator: &Client) -> Value {
    operator.get("/v1/completeness").await.expect(200).json
}

/// The entries of the log that a checkpoint covers.
async fn entries(operator: &Client, key: &VerifierKey) -> Vec<Vec<u8>> {
    let note = operator.get("/audit/log/checkpoint").await.expect(200);
    let size = Checkpoint::open(&Note::parse(&note.body).unwrap(), key).unwrap().size;
    let mut entries = Vec::new();
    for at in Coordinates::changed(0, size) {
        let path = format!("/audit/log/{}", Resource::Entries(at));
        let bytes = operator.get(&path).await.expect(200).body;
        entries.extend(bundle::parse(&bytes, at.width()).unwrap().into_iter().map(<[u8]>::to_vec));
    }
    entries
}

/// The same, once a checkpoint covers so many.
async fn covered(operator: &Client, key: &VerifierKey, size: usize) -> Vec<Vec<u8>> {
    eventually("a checkpoint covers them", async || {
        Some(entries(operator, key).await).filter(|entries| entries.len() >= size)
    })
    .await
}

/// A copy of the log as whoever holds a key of it would make it of these entries: well signed.
struct Copy {
    folder: TempDir,
    key: String,
}

impl Copy {
    fn of(entries: &[Vec<u8>]) -> Self {
        let signer = Signer::generate("log.example.com/audit/log".parse().unwrap());
        let copy =
            Self { folder: tempfile::tempdir().unwrap(), key: signer.verifier_key().to_string() };
        let mut tree = Tree::new();
        let rows = tree.append(entries.iter().map(|entry| translog::Hash::of_leaf(entry)));
        let size = tree.size();
        for row in rows {
            if Tile::among(row.tile.level(), row.tile.at().index(), size) == Some(row.tile) {
                copy.write(&row.tile.to_string(), &row.bytes);
            }
        }
        for (index, entries) in (0..).zip(entries.chunks(256)) {
            let mut bytes = Vec::new();
            for entry in entries {
                bundle::push(&mut bytes, entry).unwrap();
            }
            let at = Coordinates::among(index, size).unwrap();
            copy.write(&Resource::Entries(at).to_string(), &bytes);
        }
        let origin = signer.verifier_key().name().clone();
        let checkpoint = Checkpoint { origin, size, root: tree.root() };
        copy.write("checkpoint", checkpoint.sign(&signer).unwrap().to_string().as_bytes());
        copy
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn verify(&self) -> Output {
        let folder = self.folder.path().to_str().unwrap();
        run(&["verify", "--key", &self.key, "--folder", folder])
    }
}

#[tokio::test]
async fn a_stream_that_never_came_into_the_log_is_named_by_the_report_and_by_an_auditor() {
    let system = System::start().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    eventually("every service has said what it recorded", async || {
        operator.post("/v1/manifests", json!({})).await.expect(200).json["complete"] == true
    })
    .await;
    eventually("what they list is here", async || {
        let report = report(&operator).await;
        let lists = report["services"].as_array().unwrap().iter();
        let registry = &report["services"][1]["manifests"];
        report["complete"] == true
            && registry.as_array().is_some_and(|all| !all.is_empty())
            && lists.flat_map(|of| of["manifests"].as_array().unwrap()).count() > 2
    })
    .await;
    let key = operator.get("/audit/log/key").await.expect(200);
    let key = String::from_utf8(key.body.to_vec()).unwrap();
    let verifier: VerifierKey = key.trim().parse().unwrap();
    let manifested = report(&operator).await["log_size"].as_u64().unwrap();
    let manifested = usize::try_from(manifested).unwrap();
    let log = covered(&operator, &verifier, manifested).await;

    // As it is served, by its own key.
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let bearer = operator.authorization().unwrap().trim_start_matches("Bearer ").to_owned();
    fs::write(&token, bearer).unwrap();
    let server = system.addresses().of("/audit/log").to_owned();
    let token = token.to_str().unwrap();
    let by_server =
        run(&["verify", "--key", key.trim(), "--server", &server, "--token-file", token]);
    by_server.succeeded();

    // Whoever holds the log's key leaves out all of an app, and signs what is left.
    let whole = Copy::of(&log);
    let subject = format!("\"subject\":\"app/{}\"", app.id);
    let left: Vec<Vec<u8>> = log
        .into_iter()
        .filter(|entry| !String::from_utf8_lossy(entry).contains(&subject))
        .collect();
    let lossy = Copy::of(&left);
    let without_lists = lossy.verify();
    assert_eq!(without_lists.code, Some(6), "{}", without_lists.stdout);
    let services = report(&operator).await["services"].as_array().unwrap().clone();
    for of in services {
        for manifest in of["manifests"].as_array().unwrap() {
            let (service, version) = (of["service"].as_str().unwrap(), &manifest["version"]);
            let file = format!("manifests/{service}/{version}");
            let list = operator.get(&format!("/audit/log/{file}")).await.expect(200).body;
            whole.write(&file, &list);
            lossy.write(&file, &list);
        }
    }
    let well = whole.verify();
    assert_eq!(well.code, Some(0), "{}", well.stdout);
    let found = lossy.verify();
    assert_eq!(found.code, Some(6), "{}", found.stdout);
    let named = format!("of app-registry lists app/{} to version ", app.id);
    assert!(found.stdout.contains(&named), "{}", found.stdout);
    assert!(found.stdout.contains("nothing of that stream is in the log"), "{}", found.stdout);

    // The same by the database's superuser, in the log as it is served.
    let mut superuser = PgConnection::connect(&system.servers.database.url).await.unwrap();
    let remove = format!(
        "SET session_replication_role = replica; DELETE FROM audit.entries WHERE stream_id = '{}'",
        app.id
    );
    sqlx::raw_sql(AssertSqlSafe(remove)).execute(&mut superuser).await.unwrap();
    superuser.close().await.unwrap();
    let after = report(&operator).await;
    assert_eq!(after["complete"], false);
    let missing = after["services"][1]["missing"].clone();
    assert_eq!(missing[0]["stream"], format!("app/{}", app.id), "{missing}");
    system.stop().await;
}
