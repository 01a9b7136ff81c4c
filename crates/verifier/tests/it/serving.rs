//! The same over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::runtime::Runtime;

use crate::log::{Log, Said, backdated, bundle_of, gzip, run};

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
    /// How often it has too much to do before it answers.
    busy: u32,
    with_token: u32,
    without_token: u32,
}

impl Serving {
    fn of(log: &Log) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![log.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(log.folder()).unwrap().to_str().unwrap();
                    files.insert(format!("/audit/log/{name}"), std::fs::read(&path).unwrap());
                }
            }
        }
        let asked = Asked { files, broken: "none", busy: 0, with_token: 0, without_token: 0 };
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
            ([(header::CONTENT_ENCODING, "gzip")], Bytes::from(gzip(bytes))).into_response()
        }
        Some(bytes) => Bytes::from(bytes.clone()).into_response(),
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
