//! The same over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use contract::envelope::{Commitments, EventHeader};
use contract::facts::ConsentGranted;
use contract::rpc::AccountRole;
use contract::{Envelope, Environment, GrantId, Provenance, Service, Version};
use tokio::runtime::Runtime;
use translog::Signer;
use uuid::Uuid;

use crate::log::{
    Log, ORIGIN, Said, backdated, bundle_of, event, events, gzip, parsed_evidence, run,
};
use crate::replaced;

const TOKEN: &str = "mandate_pat_auditor";

/// A server with a log; it ends with this.
struct Serving {
    url: String,
    asked: Arc<Mutex<Asked>>,
    _runtime: Runtime,
}

/// What it serves, and what it was asked.
struct Asked {
    files: BTreeMap<String, Vec<u8>>,
    /// What it cannot answer.
    broken: &'static str,
    /// What it packs although nobody asks for that.
    recoded: &'static str,
    /// It packs no bundle.
    is_plain: bool,
    /// How often it has too much to do before it answers.
    busy: u32,
    with_token: u32,
    without_token: u32,
}

/// All files of a log, below this path.
fn files(log: &Log, below: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![log.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(log.folder()).unwrap().to_str().unwrap();
                files.insert(format!("{below}/{name}"), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

impl Serving {
    fn of(log: &Log) -> Self {
        let files = files(log, "/audit/log");
        let (broken, recoded, is_plain) = ("none", "none", false);
        let asked =
            Asked { files, broken, recoded, is_plain, busy: 0, with_token: 0, without_token: 0 };
        let asked = Arc::new(Mutex::new(asked));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&asked));
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, asked, _runtime: runtime }
    }

    fn verify(&self, log: &Log, more: &[&str]) -> Said {
        run(&[&["--server", &self.url, "--key", &log.key()], more].concat())
    }

    fn with_token(&self, log: &Log, more: &[&str]) -> Said {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, format!("{TOKEN}\n")).unwrap();
        self.verify(log, &[&["--token-file", file.to_str().unwrap()], more].concat())
    }

    fn change(&self, file: &str, bytes: Vec<u8>) {
        self.asked.lock().unwrap().files.insert(format!("/audit/log/{file}"), bytes);
    }
}

/// As the log is served: packed bundles, with a token only.
async fn answer(State(asked): State<Arc<Mutex<Asked>>>, request: Request) -> Response {
    let mut asked = asked.lock().unwrap();
    if asked.busy > 0 {
        asked.busy -= 1;
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "0")]).into_response();
    }
    let headers = request.headers();
    let is_auditor = headers
        .get(header::AUTHORIZATION)
        .is_some_and(|value| value.as_bytes() == format!("Bearer {TOKEN}").as_bytes());
    let path = request.uri().path();
    if path.ends_with(asked.broken) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if path.contains("/entries/") {
        if !is_auditor {
            asked.without_token += 1;
            return StatusCode::UNAUTHORIZED.into_response();
        }
        asked.with_token += 1;
    }
    match asked.files.get(path) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(bytes) if path.contains("/entries/") => {
            assert_eq!(headers[header::ACCEPT_ENCODING], "gzip");
            if asked.is_plain {
                return Bytes::from(bytes.clone()).into_response();
            }
            ([(header::CONTENT_ENCODING, "gzip")], Bytes::from(gzip(bytes))).into_response()
        }
        Some(bytes) => {
            assert_eq!(headers[header::ACCEPT_ENCODING], "identity");
            if path.ends_with(asked.recoded) {
                let encoding = [(header::CONTENT_ENCODING, "gzip")];
                return (encoding, Bytes::from(gzip(bytes))).into_response();
            }
            Bytes::from(bytes.clone()).into_response()
        }
    }
}

#[test]
fn a_served_log_is_verified_with_a_token() {
    let log = Log::new();
    let serving = Serving::of(&log);
    serving.with_token(&log, &[]).is(0, &["1000 entries and all tiles make the signed root"]);
    assert_eq!(serving.asked.lock().unwrap().with_token, 4, "each bundle is fetched once");

    let said = serving.verify(&log, &[]);
    said.is(1, &["is not for this caller (401 Unauthorized)", "--token-file"]);
    // The log's address will do, and its key is asked for where none was given.
    let url = format!("{}/audit/log/", serving.url);
    run(&["--server", &url]).is(1, &["Trusted the key that the log itself names"]);
    assert!(serving.asked.lock().unwrap().without_token >= 2);
}

#[test]
fn a_log_that_goes_on_from_another_is_read_below_its_own_prefix() {
    let former = Log::new();
    let mut log = Log::of(events(700));
    let called = |name: &str| Signer::generate(name.parse().unwrap());
    log.signer = called(&format!("{ORIGIN}/2"));
    log.sign();
    // What caches have kept of the former log is in the place of all that is there now, but for what is fresh.
    let serving = Serving::of(&former);
    serving.change("checkpoint", log.checkpoint().into());
    serving.change("key", format!("{}\n", log.key()).into());
    serving.with_token(&log, &[]).is(3, &["700 entries make the root"]);
    serving.asked.lock().unwrap().files.extend(files(&log, "/audit/log/2"));
    serving.with_token(&log, &[]).is(0, &["700 entries and all tiles make the signed root"]);
    for (number, said) in [(2, "is not for this caller"), (3, "there is no log")] {
        let server = format!("{}/audit/log/{number}/", serving.url);
        run(&["--server", &server, "--key", &log.key()]).is(1, &[said]);
    }

    // A first log may be called so, and has no other prefix.
    log.signer = called("log.example.com/2");
    log.sign();
    Serving::of(&log).with_token(&log, &[]).is(0, &[]);
}

#[test]
fn what_is_changed_on_a_server_is_named_as_in_a_folder() {
    let log = Log::new();
    let serving = Serving::of(&log);
    let mut entries = log.entries.clone();
    entries[900] = backdated(&entries[900]);
    serving.change("tile/entries/003.p/232", bundle_of(&entries[768..]));
    serving.with_token(&log, &[]).is(3, &["entry 901 (index 900): its hash is not the leaf's"]);
    serving.change("tile/entries/003.p/232", vec![0; 20_000_000]);
    serving.with_token(&log, &[]).is(3, &["tile/entries/003.p/232: it has over 16777472 bytes"]);
    serving.change("checkpoint", vec![b'a'; 2_000_000]);
    serving.with_token(&log, &[]).is(2, &["checkpoint: it has over 1000000 bytes"]);
}

#[test]
fn what_was_seen_is_said_although_the_rest_cannot_be_read() {
    let log = Log::new();
    let serving = Serving::of(&log);
    let mut entries = log.entries.clone();
    entries[300] = backdated(&entries[300]);
    serving.change("tile/entries/001", bundle_of(&entries[256..512]));
    serving.asked.lock().unwrap().broken = "entries/003.p/232";
    let said = serving.with_token(&log, &[]);
    let seen = "tile/0/001: its hash 44 is not that of entry 301 (index 300)";
    said.is(3, &[seen, "Not finished: ", "answers 500 Internal Server Error"]);
    serving.change("tile/entries/001", bundle_of(&log.entries[256..512]));
    let said = serving.with_token(&log, &[]);
    said.is(1, &["Not finished: ", "tree         not checked", "streams      not checked"]);
    assert!(!said.text.contains("FAILED"), "{}", said.text);
}

/// A server with a log whose last bundle cannot be read.
fn breaking_off(log: &Log) -> Serving {
    let serving = Serving::of(log);
    serving.asked.lock().unwrap().broken = "entries/003.p/232";
    serving
}

#[test]
fn a_signed_fork_or_cut_is_told_although_the_log_cannot_be_read_to_its_end() {
    let log = Log::new();
    let kept = log.kept_checkpoint();
    let mut other = Log::of(log.entries.clone());
    other.signer = log.signer;
    // Another root of as many entries.
    other.entries[5] = backdated(&other.entries[5]);
    let rewrite = |log: &Log| {
        log.write_entries();
        log.write_tiles();
        log.sign();
    };
    rewrite(&other);
    let stopped = "answers 500 Internal Server Error";
    let said = breaking_off(&other).with_token(&other, &["--checkpoint", &kept.file()]);
    said.is(4, &["signed two roots of 1000 entries", "it was forked", stopped]);
    // Not one entry is read, for want of a token.
    let said = Serving::of(&other).verify(&other, &["--checkpoint", &kept.file()]);
    said.is(4, &["signed two roots of 1000 entries", "is not for this caller"]);
    // Nor is the file beside the checkpoint.
    std::fs::write(format!("{}.hashes", kept.file()), b"").unwrap();
    let said = breaking_off(&other).with_token(&other, &["--checkpoint", &kept.file()]);
    said.is(4, &["signed two roots of 1000 entries"]);

    // A tree that grew on another branch: the tiles prove it.
    other.entries.extend((0..24).map(|stream| event(stream + 100, 1)));
    rewrite(&other);
    let serving = Serving::of(&other);
    serving.asked.lock().unwrap().broken = "entries/003";
    let said = serving.with_token(&other, &["--checkpoint", &kept.file()]);
    said.is(4, &["its first 1000 entries are not those of the checkpoint", stopped]);

    // Every entry is read, and a tile that would prove it is not served.
    for tile in ["tile/1/000.p/4", "tile/0/001"] {
        let serving = Serving::of(&other);
        serving.asked.lock().unwrap().broken = tile;
        let said = serving.with_token(&other, &["--checkpoint", &kept.file()]);
        let forked = "its first 1000 entries are not those of the checkpoint";
        said.is(4, &[forked, stopped, "tree         not checked"]);
        serving.with_token(&other, &[]).is(1, &[stopped, "ok      streams"]);
    }

    // A smaller one after a larger one.
    other.entries.truncate(900);
    rewrite(&other);
    let serving = Serving::of(&other);
    serving.asked.lock().unwrap().broken = "entries/003.p/132";
    let said = serving.with_token(&other, &["--checkpoint", &kept.file()]);
    said.is(4, &["it has 900 entries, and the one that was kept has 1000 entries", stopped]);
}

#[test]
fn a_log_that_goes_on_is_known_to_although_it_cannot_be_read_to_its_end() {
    let mut log = Log::new();
    let all = log.entries.clone();
    log.entries.truncate(700);
    let kept = log.kept_checkpoint();
    log.entries = all;
    let said = breaking_off(&log).with_token(&log, &["--checkpoint", &kept.file()]);
    said.is(1, &["ok      consistency", "tree         not checked"]);
}

#[test]
fn only_what_was_asked_for_as_packed_is_unpacked() {
    let log = Log::new();
    // What is asked for so may come as it is; what looks like it is not unpacked for that.
    let serving = Serving::of(&log);
    serving.asked.lock().unwrap().is_plain = true;
    serving.with_token(&log, &[]).is(0, &[]);
    serving.change("tile/entries/001", gzip(&bundle_of(&log.entries[256..512])));
    let said = serving.with_token(&log, &[]);
    said.is(3, &["tile/entries/001: the bundle"]);
    for file in ["checkpoint", "tile/0/001", "tile/1/000.p/3"] {
        let serving = Serving::of(&log);
        serving.asked.lock().unwrap().recoded = file;
        let said = serving.with_token(&log, &[]);
        let why = format!("{file} comes with the content encoding `gzip`, which nobody asked for");
        said.is(1, &[&why]);
        assert!(!said.text.contains("FAILED"), "{}", said.text);
    }
}

/// Evidence of this consent from a server that answers every search with this page of events.
fn evidence(log: &Log, page: &serde_json::Value) -> String {
    let serving = Serving::of(log);
    let events = page.to_string().into_bytes();
    serving.asked.lock().unwrap().files.insert("/v1/events".to_owned(), events);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("evidence.zip");
    let (grant, key) = (GrantId::from_uuid(Uuid::from_u128(1)).to_string(), log.key());
    let line = ["evidence", "--server", &serving.url, "--grant", &grant, "--key", &key, "--out"];
    let arguments = parsed_evidence(&[&line[..], &[out.to_str().unwrap()]].concat()).unwrap();
    let refused = verifier::evidence::make(&arguments, &Environment::system()).unwrap_err();
    assert!(!out.exists());
    refused.to_string()
}

/// The consent was granted.
fn granted() -> Vec<u8> {
    let environment = Environment::system();
    let id = Uuid::from_u128(1);
    let fact = ConsentGranted {
        grant_id: GrantId::from_uuid(id),
        app_id: environment.new_id(),
        account_id: environment.new_id(),
        link_id: environment.new_id(),
        person_id: environment.new_id(),
        role: AccountRole::Admin,
        service: "retail-media".to_owned(),
        domains: Vec::new(),
        expires_at: None,
    };
    let header = EventHeader {
        id: environment.new_id(),
        stream: id,
        version: Version::FIRST,
        time: environment.now(),
        source: Service::ConsentBroker,
    };
    let provenance = Provenance::system(Service::ConsentBroker, None, environment.new_id());
    let envelope = Envelope::of(&header, &provenance, Commitments::default(), &fact).unwrap();
    envelope.canonical().unwrap()
}

#[test]
fn evidence_of_a_consent_is_not_made_for_whoever_may_not_read_of_its_link_and_its_app() {
    let log = Log::of(vec![granted()]);
    let event: serde_json::Value = serde_json::from_slice(&log.entries[0]).unwrap();
    let items = serde_json::json!([{ "position": 1, "event": event }]);
    let page = serde_json::json!({ "items": items, "next_cursor": null });
    let why = evidence(&log, &page);
    assert!(why.starts_with("--grant: this token may not read of consent-link/"), "{why}");
    // A server that answers the same for ever is not asked for ever.
    let page = serde_json::json!({ "items": items, "next_cursor": "again" });
    let why = evidence(&log, &page);
    assert!(why.ends_with("answers events out of their order"), "{why}");
    // Nor does what it says command the terminal.
    let page = serde_json::json!({ "items": "\u{1b}[2J", "next_cursor": null });
    let why = evidence(&log, &page);
    assert!(why.contains("answers no page of events") && !why.contains('\u{1b}'), "{why:?}");
}

#[test]
fn evidence_goes_on_from_what_was_kept_under_a_key_that_was_replaced_since() {
    let (mut log, old) = replaced::log();
    let (kept, old) = replaced::kept_under(old, &mut log);
    let serving = Serving::of(&log);
    let (folder, key) = (tempfile::tempdir().unwrap(), old.verifier_key().to_string());
    let made = |positions: &[usize], out: &str| {
        let items = positions.iter().map(|position| {
            let event: serde_json::Value =
                serde_json::from_slice(&log.entries[position - 1]).unwrap();
            serde_json::json!({ "position": position, "event": event })
        });
        let items: Vec<_> = items.collect();
        let page = serde_json::json!({ "items": items, "next_cursor": null }).to_string();
        let mut asked = serving.asked.lock().unwrap();
        asked.files.insert("/v1/events".to_owned(), page.into_bytes());
        drop(asked);
        let (from, to) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let line =
            ["evidence", "--server", &serving.url, "--from", from, "--to", to, "--key", &key];
        let more = ["--checkpoint", &kept.file(), "--out", out];
        let arguments = parsed_evidence(&[&line[..], &more].concat()).unwrap();
        verifier::evidence::make(&arguments, &Environment::system())
    };
    let out = folder.path().join("evidence.zip").to_str().unwrap().to_owned();
    // A token that may read a part only makes none.
    let refused = made(&[401, 403], &out).unwrap_err().to_string();
    assert!(refused.contains("entry 402 was not given"), "{refused}");
    let said = made(&[401, 402, 403], &out).unwrap();
    assert!(said.contains(&format!("Verified with the key that was given: {key}")), "{said}");
    assert!(said.contains(&format!("which leads to {}: take that over", log.key())), "{said}");
    let verified = ["--evidence", &out, "--key", &key, "--checkpoint", &kept.file()];
    run(&verified).is(0, &["it begins with 300 entries of the checkpoint that was kept"]);
}

#[test]
fn a_busy_server_is_asked_again_and_one_that_stays_busy_is_not_a_wrong_log() {
    let log = Log::new();
    let serving = Serving::of(&log);
    serving.asked.lock().unwrap().busy = 3;
    serving.with_token(&log, &[]).is(0, &[]);
    serving.asked.lock().unwrap().busy = u32::MAX;
    serving.with_token(&log, &[]).is(1, &["answers 503 Service Unavailable"]);
}

#[test]
fn a_server_that_is_not_there_or_has_no_log_is_not_reached() {
    let log = Log::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    run(&["--server", &url, "--key", &log.key()]).is(1, &["was not read", "not checked"]);
    let serving = Serving::of(&log);
    serving.asked.lock().unwrap().files.clear();
    serving.verify(&log, &[]).is(1, &["there is no log"]);
    for url in ["file:///tmp", "https://user@example.com", "https://example.com/?a=b"] {
        run(&["--server", url, "--key", &log.key()]).is(1, &["is no address of a server"]);
    }
}
