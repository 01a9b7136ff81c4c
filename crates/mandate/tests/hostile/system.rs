//! A system with small limits, that logs all it would ever log.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use stage::within;
use tempfile::TempDir;

/// The limits it is started with.
pub(crate) const MAX_BODY_BYTES: usize = 20_000;
pub(crate) const MAX_HEADER_BYTES: usize = 8192;
pub(crate) const MAX_HEADER_FIELDS: usize = 20;
pub(crate) const TIMEOUT_SECONDS: u64 = 5;
pub(crate) const MAX_CONCURRENT: usize = 4;
/// For a whole body, and for its beginning.
pub(crate) const BODY_SECONDS: u64 = 2;

/// How long it may take to start, with the demo.
const STARTING: Duration = Duration::from_secs(90);

/// `mandate up --demo`.
pub(crate) struct System {
    child: Child,
    folder: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) demo: Value,
}

impl System {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let told = fs::File::create(folder.path().join("told")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_mandate"))
            .args(["up", "--demo", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder.path().join("data"))
            .env("MANDATE_LOG__FILTER", "debug")
            .envs(stage::wide_limit_variables())
            .env("MANDATE_HTTP__MAX_BODY_BYTES", MAX_BODY_BYTES.to_string())
            .env("MANDATE_HTTP__MAX_HEADER_BYTES", MAX_HEADER_BYTES.to_string())
            .env("MANDATE_HTTP__MAX_HEADER_FIELDS", MAX_HEADER_FIELDS.to_string())
            .env("MANDATE_HTTP__REQUEST_TIMEOUT_SECONDS", TIMEOUT_SECONDS.to_string())
            .env("MANDATE_HTTP__BODY_TIMEOUT_SECONDS", BODY_SECONDS.to_string())
            .env("MANDATE_HTTP__HEADER_TIMEOUT_SECONDS", TIMEOUT_SECONDS.to_string())
            .env("MANDATE_HTTP__MAX_CONCURRENT_REQUESTS", MAX_CONCURRENT.to_string())
            .stdin(Stdio::null())
            .stdout(told)
            .stderr(log)
            .spawn()
            .unwrap();
        let mut system = Self {
            child,
            folder,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            demo: Value::Null,
        };
        let started = within(STARTING, "the system is ready", async || {
            let ended = system.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {ended:?}\n{}", system.log());
            let ready = system.file("told").contains("Mandate is ready at");
            if ready { Ok(()) } else { Err(system.file("told") + &system.log()) }
        });
        started.await.unwrap();
        system.demo = serde_json::from_str(&system.file("data/demo.json")).unwrap();
        let url = system.demo["base_url"].as_str().unwrap();
        system.address = url.strip_prefix("http://").unwrap().parse().unwrap();
        system
    }

    /// All that it logged so far.
    pub(crate) fn log(&self) -> String {
        self.file("log")
    }

    /// The NATS of its own, as the user of this service: address and password.
    pub(crate) fn nats(&self, service: &str) -> (String, String) {
        let remembered: Value =
            serde_json::from_str(&self.file("data/nats/remembered.json")).unwrap();
        let password = remembered["passwords"][service].as_str().unwrap();
        let address = format!("127.0.0.1:{}", remembered["port"]);
        (address, password.to_owned())
    }

    /// Every secret there is: of the demo and of the private servers.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        for person in self.demo["people"].as_array().unwrap() {
            secrets.extend(["api_token", "password"].map(|key| text(&person[key])));
        }
        secrets.push(text(&self.demo["app"]["client_secret"]));
        for file in ["data/secrets.json", "data/nats/remembered.json"] {
            let values: Value = serde_json::from_str(&self.file(file)).unwrap();
            strings(&values, &mut secrets);
        }
        // Short words in those files are settings.
        secrets.retain(|secret| secret.len() >= 16);
        assert!(secrets.len() > 20, "{}", secrets.len());
        secrets
    }

    fn file(&self, name: &str) -> String {
        let path: PathBuf = Path::new(self.folder.path()).join(name);
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn strings(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| strings(value, into)),
        Value::Object(values) => values.values().for_each(|value| strings(value, into)),
        _ => {}
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).unwrap();
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        let _ = self.child.wait();
    }
}
