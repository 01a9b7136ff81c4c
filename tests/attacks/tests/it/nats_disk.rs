//! The disk of the private NATS is full for a while. nats-server remembers that it could not write, and takes nothing
//! more until it is started again: `mandate up` does, once there is room.
//!
//! The disk is a small one in memory, which the process mounts in a namespace of its own: as root, or as whoever may
//! make user namespaces. It is gone with the process.

use std::path::{Path, PathBuf};

use journeys::events;
use journeys::program::Process;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use stage::{Addresses, Client, eventually};

/// Mounts the disk at `$0` and turns into the command.
const MOUNT: &str = r#"mkdir -p "$0" && mount -t tmpfs -o size=48m tmpfs "$0" && exec "$@""#;

/// Starts the demo in this folder, NATS on a disk of its own.
fn start(folder: &Path) -> Process {
    let root: &[&str] = &["unshare", "--mount"];
    let anybody: &[&str] = &["unshare", "--user", "--map-current-user", "--keep-caps", "--mount"];
    let namespace = if nix::unistd::geteuid().is_root() { root } else { anybody };
    let disk = folder.join("nats");
    let mount = ["sh", "-c", MOUNT, disk.to_str().unwrap()];
    let folder = folder.to_str().unwrap();
    let up = ["up", "--demo", "--data-dir", folder, "--listen", "127.0.0.1:0"];
    Process::start_by(&[namespace, &mount].concat(), &up, &[])
}

/// Takes all the room that there is.
fn fill(disk: &Path) -> PathBuf {
    use std::io::Write;
    let path = disk.join("filling");
    let mut file = std::fs::File::create(&path).unwrap();
    for size in [1 << 20, 1 << 10, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    path
}

#[tokio::test]
async fn after_a_full_disk_of_nats_was_freed_all_goes_on_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = start(folder.path());
    let address = process.line("Mandate is ready at ").await;
    let seen = PathBuf::from(format!("/proc/{}/root", process.pid().await));
    let inside = |path: &Path| seen.join(path.strip_prefix("/").unwrap());
    let demo = std::fs::read(folder.path().join("demo.json")).unwrap();
    let demo: Value = serde_json::from_slice(&demo).unwrap();
    let holds = |person: &&Value| person["roles"].as_array().unwrap().contains(&json!("owner"));
    let owner = demo["people"].as_array().unwrap().iter().find(holds).unwrap();
    let token = owner["api_token"].as_str().unwrap();
    let owner = Client::anonymous(Addresses::One(address)).with_token(token);

    let filling = fill(&inside(&folder.path().join("nats")));
    let new = json!({
        "name": "Other Apps", "kind": "technology_company", "country": "DE",
        "contact_email": "other@example.com", "website": "https://other.example.com/",
    });
    let made = owner.post("/v1/organizations", new).await.expect(201);
    let ready = async || owner.get("/readyz").await.status;
    eventually("it is said that something is not published", async || {
        ready().await == 503 && process.stderr().contains("were not acknowledged")
    })
    .await;

    std::fs::remove_file(filling).unwrap();
    eventually("everything is published", async || ready().await == 200).await;
    let query = format!("organization_id={}", made.field("id"));
    events::one(&owner, &query, "organization.created", |_| true).await;
    process.signal(Signal::SIGTERM).await;
    assert!(process.ended().await.success());
}
