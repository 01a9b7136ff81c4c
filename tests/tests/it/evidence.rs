//! Evidence of a running system, made with one command, and verified without it: by `mandate verify` and by a program
//! that has nothing of ours (`tests/go/tlog`, of Go's own packages).

use std::fs;
use std::path::Path;
use std::process::Command;

use journeys::people::RETAIL_MEDIA;
use journeys::program::{Output, run};
use journeys::system::System;
use local_servers::testing::Go;
use stage::{Client, eventually};

/// A folder with what the commands read and write.
struct Desk(tempfile::TempDir);

impl Desk {
    fn place(&self, name: &str) -> String {
        self.0.path().join(name).into_os_string().into_string().unwrap()
    }

    /// A file with this caller's token.
    fn token(&self, name: &str, client: &Client) -> String {
        let token = client.authorization().unwrap().trim_start_matches("Bearer ");
        fs::write(self.place(name), token).unwrap();
        self.place(name)
    }
}

/// The events that are there, by time of recording.
async fn times(operator: &Client) -> (String, String) {
    let page = |order| format!("/v1/events?limit=1&order={order}");
    let first = operator.get(&page("asc")).await.expect(200).json;
    let last = operator.get(&page("desc")).await.expect(200).json;
    let time =
        |page: &serde_json::Value| page["items"][0]["recorded_at"].as_str().unwrap().to_owned();
    (time(&first), time(&last))
}

/// The consent that was given, once it is in the log, and its event.
async fn granted(operator: &Client) -> (String, String) {
    eventually("the consent is in the log", async || {
        let page = operator.get("/v1/events?type=mandate.consent.granted.v1").await.expect(200);
        let event = &page.json["items"][0]["event"];
        let of = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        Some((of(&event["data"]["grant_id"])?, of(&event["id"])?))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_of_one_consent_is_made_with_one_command_and_verified_without_the_server() {
    let system = System::start().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let link = organization.developer.link(&app).await;
    account.admin().approve(&link, &[&account.id]).await.expect(200);
    let key = system.anonymous().get("/audit/log/key").await.expect(200).body;
    let key = String::from_utf8(key.to_vec()).unwrap();
    let (grant, event) = granted(&operator).await;

    let desk = Desk(tempfile::tempdir().unwrap());
    let proof = desk.place("granted.tlog-proof");
    eventually("a checkpoint covers the consent", async || {
        let answer = operator.get(&format!("/v1/events/{event}/proof")).await;
        fs::write(&proof, &answer.body).unwrap();
        answer.status == 200
    })
    .await;
    let server = system.addresses().of("/audit/log").to_owned();
    let make = |who: &Client, out: &str, asked: &[&str]| -> Output {
        let token = desk.token("token", who);
        let of = ["evidence", "--server", &server, "--token-file", &token, "--key", key.trim()];
        tokio::task::block_in_place(|| run(&[&of[..], &["--out", out], asked].concat()))
    };
    let evidence = desk.place("evidence.zip");
    let said = make(&operator, &evidence, &["--grant", &grant]);
    said.succeeded();
    // Whoever develops the app may read of it, too.
    let of_developer = desk.place("developer.zip");
    make(&organization.developer, &of_developer, &["--grant", &grant]).succeeded();
    let (from, last) = times(&operator).await;
    let of_time = desk.place("time.zip");
    make(&operator, &of_time, &["--from", &from, "--to", &last]).succeeded();

    let nothing = "0192f0c1-2d3e-7000-8000-000000000000";
    let missing = make(&operator, &desk.place("none.zip"), &["--grant", nothing]);
    assert_eq!(missing.code, Some(1), "{}", missing.stderr);
    assert!(missing.stderr.contains("there is no consent"), "{}", missing.stderr);
    assert!(!Path::new(&desk.place("none.zip")).exists());
    system.stop().await;

    let go = Go::provide().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("go/tlog");
    let caches = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go");
    let built = tempfile::tempdir().unwrap();
    let program = go.build(&source, built.path(), &caches).unwrap();
    let empty = tempfile::tempdir().unwrap();
    let tlog = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        let output = command.args(arguments).current_dir(empty.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), text + &String::from_utf8(output.stderr).unwrap())
    };
    let verify = |file: &str| run(&["verify", "--evidence", file, "--key", key.trim()]);
    for file in [&evidence, &of_developer, &of_time] {
        let said = verify(file);
        assert_eq!(said.code, Some(0), "{}", said.stdout);
        let (is_well, text) = tlog(&["evidence", "-key", key.trim(), file]);
        assert!(is_well && text.contains("entries are included"), "{text}");
    }

    // The one event, and the same as that of another place.
    let verify_proof = |file: &str| run(&["verify", "--proof", file, "--key", key.trim()]);
    let said = verify_proof(&proof);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    let told = format!("it is the event {event}: mandate.consent.granted.v1");
    assert!(said.stdout.contains(&told), "{}", said.stdout);
    let (is_well, text) = tlog(&["proof", "-key", key.trim(), &proof]);
    assert!(is_well && text.contains("is proved by its file"), "{text}");
    let moved = desk.place("moved.tlog-proof");
    let text = fs::read_to_string(&proof).unwrap();
    fs::write(&moved, text.replace("\nindex ", "\nindex 1")).unwrap();
    assert_eq!(verify_proof(&moved).code, Some(3));
    let (is_well, why) = tlog(&["proof", "-key", key.trim(), &moved]);
    assert!(!is_well && why.contains("moved.tlog-proof"), "{why}");

    // The page tells of the consent, and every entry of it is in the file.
    let page = read(&evidence, "index.html");
    let told = format!("allowed app {} to use, for account {}", app.id, account.id);
    assert!(page.contains(&told), "{page}");
    for kind in
        ["consent.granted", "consent-link.created", "consent-link.redeemed", "app.activated"]
    {
        assert!(page.contains(&format!("mandate.{kind}.v1")), "{kind} is not in\n{page}");
    }

    // A byte of an entry, with checksums that are right.
    let description: serde_json::Value =
        serde_json::from_str(&read(&evidence, "evidence.json")).unwrap();
    let position = description["positions"][2].as_u64().unwrap();
    let changed = desk.place("changed.zip");
    let (is_made, why) = tlog(&["rezip", &evidence, &changed, &format!("entries/{position}.json")]);
    assert!(is_made, "{why}");
    let said = verify(&changed);
    assert_eq!(said.code, Some(3), "{}", said.stdout);
    let named = format!("entry {position} (index {}): its hash is not the leaf's", position - 1);
    assert!(said.stdout.contains(&named), "{}", said.stdout);
    let (is_well, why) = tlog(&["evidence", "-key", key.trim(), &changed]);
    assert!(!is_well && why.contains(&format!("entries/{position}.json")), "{why}");
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0, "nothing is unpacked");
}

/// A file of the zip. It is stored as it is: from its name in the zip to the next header.
fn read(zip: &str, file: &str) -> String {
    let bytes = fs::read(zip).unwrap();
    let found = |from: usize, what: &[u8]| {
        from + bytes[from..].windows(what.len()).position(|it| it == what).unwrap()
    };
    let begin = found(0, file.as_bytes()) + file.len();
    // The data descriptor (APPNOTE.TXT, 4.3.9).
    let end = found(begin, b"PK\x07\x08");
    String::from_utf8(bytes[begin..end].to_vec()).unwrap()
}
