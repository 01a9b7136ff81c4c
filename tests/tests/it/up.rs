//! `mandate up --demo`: the whole system of one machine, started, stopped, killed and started again.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use journeys::events::{self, Event, assert_dense, count};
use journeys::program::Process;
use journeys::system::ready;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use stage::{Addresses, Client, Method, eventually};

/// Starts it on this folder, and gives its address.
async fn up(folder: &Path) -> (Process, String) {
    let folder = folder.to_str().unwrap();
    let arguments = ["up", "--demo", "--data-dir", folder, "--listen", "127.0.0.1:0"];
    let mut process = Process::start(&arguments, &[]);
    let address = process.line("Mandate is ready at ").await;
    assert!(address.starts_with("http://127.0.0.1:"), "{address}");
    (process, address)
}

fn client(address: &str) -> Client {
    Client::anonymous(Addresses::One(address.to_owned()))
}

fn demo(folder: &Path) -> Value {
    let file = folder.join("demo.json");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "others may read the sign-ins");
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// What a start runs, beside shells that watch over it.
const SERVERS: [&str; 3] = ["mandate", "postgres", "nats-server"];

/// Processes that work for this folder, by their command lines.
fn processes_of(folder: &Path, names: &[&str]) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap() {
        let path = entry.unwrap().path();
        // A process may end while it is looked at.
        let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let name = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
        let ours = names.contains(&name.trim());
        if ours && line.contains(folder) {
            found.push(line);
        }
    }
    found
}

async fn nothing_runs(folder: &Path) {
    eventually("no process is left", async || {
        match processes_of(folder, &[&SERVERS[..], &["sh"]].concat()) {
            left if left.is_empty() => Ok(()),
            left => Err(format!("{left:?}")),
        }
    })
    .await;
}

fn person<'a>(demo: &'a Value, role: &str) -> &'a Value {
    let people = demo["people"].as_array().unwrap();
    let holds = |person: &&Value| person["roles"].as_array().unwrap().contains(&json!(role));
    people.iter().find(holds).unwrap_or_else(|| panic!("nobody is {role} in {demo}"))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// What issue 2 promises of `demo.json`, and that all of it works.
async fn check_demo(demo: &Value, address: &str) {
    let fields: BTreeSet<&str> = demo.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, ["accounts", "app", "base_url", "organization_id", "people"].into());
    assert_eq!(text(demo, "base_url"), address);
    let anyone = client(address);
    for role in [
        "operator",
        "owner",
        "developer",
        "auditor",
        "account:admin",
        "account:business_manager",
        "account:technical_manager",
        "account:analyst",
    ] {
        let person = person(demo, role);
        let (email, password) = (text(person, "email"), text(person, "password"));
        let me =
            anyone.with_token(text(person, "api_token")).get("/v1/people/me").await.expect(200);
        assert_eq!(me.field("email"), email);
        assert_eq!(me.json["operator"], role == "operator");
        let signed_in = anyone
            .with_password(email, password)
            .post("/v1/api-tokens", json!({ "name": "mine" }))
            .await;
        let token = signed_in.expect(201).field("token");
        anyone.with_token(&token).get("/v1/people/me").await.expect(200);
    }
    let organization = text(demo, "organization_id");
    for (role, allowed) in [
        ("owner", json!(["edit", "invite", "request_domain"])),
        ("developer", json!(["request_domain"])),
        ("auditor", json!([])),
    ] {
        let member = anyone.with_token(text(person(demo, role), "api_token"));
        let me = member.get("/v1/people/me").await.expect(200).json;
        assert_eq!(
            me["memberships"],
            json!([{
                "organization_id": organization, "organization_name": "Example Apps", "role": role,
                "sign_in_required": false, "allowed": allowed,
            }])
        );
    }
    for account in demo["accounts"].as_array().unwrap() {
        assert!(["advertiser", "publisher"].contains(&text(account, "kind")));
        for (email, role) in account["roles"].as_object().unwrap() {
            let people = demo["people"].as_array().unwrap();
            let holder = people.iter().find(|person| person["email"] == email.as_str()).unwrap();
            let me = anyone
                .with_token(text(holder, "api_token"))
                .get("/v1/people/me")
                .await
                .expect(200)
                .json;
            let held =
                json!({ "account_id": account["id"], "role": role, "service": account["service"] });
            assert!(me["account_roles"].as_array().unwrap().contains(&held), "{me}");
        }
    }
    let app = &demo["app"];
    let client = anyone.with_password(text(app, "client_id"), text(app, "client_secret"));
    let token =
        client.form("/oauth2/token", &[("grant_type", "client_credentials")]).await.expect(200);
    let reached =
        anyone.with_token(&token.field("access_token")).get("/v1/me/accounts").await.expect(200);
    assert_eq!(reached.json["items"][0]["id"], demo["accounts"][0]["id"]);
}

async fn log(demo: &Value, address: &str) -> Vec<Event> {
    let operator = client(address).with_token(text(person(demo, "operator"), "api_token"));
    events::all(&operator, "").await
}

#[tokio::test]
async fn the_demo_is_played_once_and_everything_is_kept_over_stops_and_kills() {
    let root = tempfile::tempdir().unwrap();
    // PostgreSQL runs as another account when we are root, and must get there.
    std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = root.path().join("data");

    let (mut process, address) = up(&folder).await;
    assert!(!folder.join("demo.unfinished").exists());
    let first = demo(&folder);
    check_demo(&first, &address).await;
    for hint in
        ["/oauth2/token", "/v1/events?app_id=", "nats --server nats://observer:", "demo.json"]
    {
        assert!(process.stdout().contains(hint), "{hint} is not among what to try next");
    }
    let operator = client(&address).with_token(text(person(&first, "operator"), "api_token"));
    // The last two steps of `check_demo`, of two services: when they are there, all is there.
    let mut last = vec!["api-token.created"; 16];
    last.extend(["token.issued"; 2]);
    events::found(&operator, "", &last).await;
    let before = log(&first, &address).await;
    process.signal(Signal::SIGTERM).await;
    let status = process.ended().await;
    assert_eq!(status.code(), Some(0), "{}", process.stderr());
    assert_eq!(processes_of(&folder, &SERVERS), Vec::<String>::new());
    nothing_runs(&folder).await;

    // A second start plays nothing again.
    let (process, address) = up(&folder).await;
    let second = demo(&folder);
    assert_eq!(text(&second, "base_url"), address);
    assert_eq!(without_address(&second), without_address(&first));
    let kept = log(&second, &address).await;
    let ids = |log: &[Event]| -> Vec<String> {
        log.iter().map(|event| event.attribute("id").to_owned()).collect()
    };
    assert_eq!(ids(&kept), ids(&before));

    // Killed in the middle of work: what was acknowledged is there afterwards, and the servers end.
    let acknowledged = acknowledged_until_killed(&second, &address, &process).await;
    drop(process);
    nothing_runs(&folder).await;
    let (mut process, address) = up(&folder).await;
    ready(&address).await;
    let operator = client(&address).with_token(text(person(&second, "operator"), "api_token"));
    eventually("every acknowledged app is in the log", async || {
        let events = events::all(&operator, "type=mandate.app.created.v1").await;
        let logged: BTreeSet<&str> =
            events.iter().filter_map(|event| event.fact("app_id").as_str()).collect();
        let missing: Vec<_> =
            acknowledged.iter().filter(|id| !logged.contains(id.as_str())).collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("missing {missing:?}")) }
    })
    .await;
    let log = log(&second, &address).await;
    assert_dense(&log);
    assert_eq!(
        count(log.iter().map(Event::kind))["organization.created"],
        1,
        "the demo was played again"
    );
    check_demo(&demo(&folder), &address).await;

    process.signal(Signal::SIGINT).await;
    assert_eq!(process.ended().await.code(), Some(0), "{}", process.stderr());
    assert_eq!(processes_of(&folder, &SERVERS), Vec::<String>::new());
    nothing_runs(&folder).await;

    // As if it had been interrupted before its last step: it cannot go on, and says what to delete.
    std::fs::rename(folder.join("demo.json"), folder.join("demo.unfinished")).unwrap();
    let said = refused(&folder).await;
    assert!(said.contains(&format!("delete the folder {}", folder.display())), "{said}");
    // In an installation that is somebody's own nothing is to be deleted.
    std::fs::remove_file(folder.join("demo.unfinished")).unwrap();
    let said = refused(&folder).await;
    assert!(said.contains("start without --demo") && !said.contains("delete"), "{said}");
}

/// What a start says that does not play the demo.
async fn refused(folder: &Path) -> String {
    let name = folder.to_str().unwrap();
    let arguments = ["up", "--demo", "--data-dir", name, "--listen", "127.0.0.1:0"];
    let mut process = Process::start(&arguments, &[]);
    assert_eq!(process.ended().await.code(), Some(1), "{}", process.stdout());
    nothing_runs(folder).await;
    process.stderr()
}

/// As by `umask 077; mandate up --demo | true`, on a disk that is full: what cannot be said ends nothing.
#[tokio::test]
async fn it_starts_under_any_umask_and_whether_or_not_somebody_reads_what_it_says() {
    let root = tempfile::tempdir().unwrap();
    std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = root.path().join("made/on/the/way");
    let name = folder.to_str().unwrap();
    let script = "umask 077; exec \"$@\" >/dev/full 2>/dev/full";
    let arguments = ["up", "--demo", "--data-dir", name, "--listen", "127.0.0.1:0"];
    let mut process = Process::start_by(&["sh", "-c", script, "sh"], &arguments, &[]);
    eventually("the demo was played", async || {
        if folder.join("demo.json").exists() { Ok(()) } else { Err("not yet".to_owned()) }
    })
    .await;
    let demo = demo(&folder);
    let address = text(&demo, "base_url");
    check_demo(&demo, address).await;
    for name in ["secrets.json", "postgres", "nats"] {
        let mode = std::fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others may look into {name}");
    }
    process.signal(Signal::SIGTERM).await;
    assert_eq!(process.ended().await.code(), Some(0));
    nothing_runs(&folder).await;
}

/// The process that this program runs as for this folder.
fn server_of(folder: &Path, name: &str) -> Option<Pid> {
    let folder = folder.to_str().unwrap();
    std::fs::read_dir("/proc").unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
        let comm = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
        let ours = comm.trim() == name && String::from_utf8_lossy(&line).contains(folder);
        let pid = path.file_name()?.to_str()?.parse().ok()?;
        ours.then(|| Pid::from_raw(pid))
    })
}

#[tokio::test]
async fn a_server_that_is_killed_comes_back_and_nothing_is_lost() {
    let root = tempfile::tempdir().unwrap();
    std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = root.path().join("data");
    let (mut process, address) = up(&folder).await;
    let demo = demo(&folder);
    for name in ["nats-server", "postgres"] {
        let killed = server_of(&folder, name).expect("it runs");
        kill(killed, Signal::SIGKILL).unwrap();
        eventually("another one runs", async || match server_of(&folder, name) {
            Some(pid) if pid != killed => Ok(()),
            found => Err(format!("{name}: {found:?}")),
        })
        .await;
        ready(&address).await;
        check_demo(&demo, &address).await;
    }
    let log = log(&demo, &address).await;
    assert_dense(&log);
    process.signal(Signal::SIGTERM).await;
    assert_eq!(process.ended().await.code(), Some(0), "{}", process.stderr());
    nothing_runs(&folder).await;
}

fn without_address(demo: &Value) -> Value {
    let mut demo = demo.clone();
    demo["base_url"] = Value::Null;
    demo
}

/// Makes apps until the process is killed in between; gives those that were acknowledged.
async fn acknowledged_until_killed(demo: &Value, address: &str, process: &Process) -> Vec<String> {
    const BEFORE_THE_KILL: usize = 40;
    let developer = client(address).with_token(text(person(demo, "developer"), "api_token"));
    let mut acknowledged = Vec::new();
    loop {
        let app = json!({ "name": "Draft", "authentication_method": "client_credentials" });
        let request = developer.request(Method::POST, "/v1/apps").json(&app);
        let Ok(answer) = request.try_send().await else { return acknowledged };
        acknowledged.push(answer.expect(201).field("id"));
        if acknowledged.len() == BEFORE_THE_KILL {
            process.signal(Signal::SIGKILL).await;
        }
        assert!(acknowledged.len() < 10 * BEFORE_THE_KILL, "it lives on after a kill");
    }
}
