//! `mandate up --demo` as a process of its own, and what its people do over HTTP.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use stage::{Addresses, Client, eventually};
use tempfile::TempDir;

pub(crate) struct Installation {
    folder: TempDir,
    process: Child,
    url: String,
}

/// What `mandate subscribers add` printed.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) url: String,
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Installation {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // PostgreSQL may run under another account.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let mut installation = Self { process: up(&folder), folder, url: String::new() };
        installation.wait_ready().await;
        installation
    }

    /// Kills it at once, lets NATS lose everything, and starts it again.
    pub(crate) async fn crash_and_lose_nats(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let streams = self.data_dir().join("nats/jetstream");
        // The watchdogs of its servers end them in a moment; until then NATS may still write.
        eventually("NATS lets go of its streams", async || {
            let pid = std::fs::read_to_string(self.data_dir().join("nats/nats.pid"));
            let pid = pid.ok().and_then(|text| text.trim().parse::<i32>().ok());
            match pid {
                Some(pid) if kill(Pid::from_raw(pid), None).is_ok() => Err("it runs".to_owned()),
                _ => Ok(()),
            }
        })
        .await;
        std::fs::remove_dir_all(streams).unwrap();
        self.process = up(&self.folder);
        self.wait_ready().await;
    }

    async fn wait_ready(&mut self) {
        let (folder, process) = (self.folder.path(), &mut self.process);
        self.url = eventually("the system is ready", async || {
            let read = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            let printed = read("stdout");
            let ready = printed
                .lines()
                .find_map(|line| line.strip_prefix("Mandate is ready at ").map(str::to_owned));
            let ended = process.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", read("stderr"));
            ready.ok_or_else(|| read("stderr"))
        })
        .await;
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs `mandate subscribers …` and gives what it printed, or what it complained of.
    pub(crate) fn subscribers(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_mandate"))
            .arg("subscribers")
            .args(arguments)
            .arg("--data-dir")
            .arg(self.data_dir())
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap())
        } else {
            Err(String::from_utf8(output.stderr).unwrap())
        }
    }

    pub(crate) fn add(&self, name: &str, organization: &str, events: &str) -> Credentials {
        let arguments = ["add", name, "--organization", organization, "--events", events];
        let printed = self.subscribers(&arguments).unwrap();
        let value = |name: &str| {
            let mut lines = printed.lines();
            let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            found.unwrap_or_else(|| panic!("no {name} in {printed}")).to_owned()
        };
        Credentials {
            url: value("NATS_URL"),
            user: value("NATS_USER"),
            password: value("NATS_PASSWORD"),
        }
    }

    /// The login of a service, as it is in the private server's folder.
    pub(crate) fn service(&self, name: &str, url: &str) -> Credentials {
        let file = self.data_dir().join("nats/remembered.json");
        let remembered: Value =
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        Credentials {
            url: url.to_owned(),
            user: name.to_owned(),
            password: remembered["passwords"][name].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn demo(&self) -> Value {
        let file = self.data_dir().join("demo.json");
        serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    }

    pub(crate) fn organization(&self) -> String {
        self.demo()["organization_id"].as_str().unwrap().to_owned()
    }

    /// A member of the demo's organization, or whoever has this role, does something.
    pub(crate) async fn post(&self, role: &str, path: &str, body: Value) -> Value {
        let demo = self.demo();
        let people = demo["people"].as_array().unwrap();
        let has_role =
            |person: &&Value| person["roles"].as_array().unwrap().iter().any(|held| held == role);
        let token = people.iter().find(has_role).unwrap()["api_token"].as_str().unwrap();
        let client = Client::anonymous(Addresses::One(self.url.clone())).with_token(token);
        let answer = client.post(path, body).await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer.json
    }

    /// Somebody consents to an app, which is made for it, of the organization.
    pub(crate) async fn consent(&self, organization: &str) {
        let new = json!({
            "organization_id": organization, "name": "Another app", "description": "Asks.",
            "authentication_method": "client_credentials", "service": "retail_media",
            "domains": [{ "domain": "analytics", "level": "read" }],
        });
        let app = self.post("owner", "/v1/apps", new).await;
        let app = app["id"].as_str().unwrap();
        self.post("owner", &format!("/v1/apps/{app}/activate"), json!({})).await;
        let path = format!("/v1/apps/{app}/consent-links");
        let link = self.post("owner", &path, json!({})).await;
        let token = link["token"].as_str().unwrap();
        let path = format!("/v1/consent-requests/{token}/approve");
        let account = &self.demo()["accounts"][0]["id"];
        self.post("account:admin", &path, json!({ "accounts": [account] })).await;
    }

    /// Another organization of the same owner.
    pub(crate) async fn another_organization(&self) -> String {
        let new = json!({
            "name": "Other Apps", "kind": "technology_company", "country": "DE",
            "contact_email": "other@example.com", "website": "https://other.example.com/",
        });
        let made = self.post("owner", "/v1/organizations", new).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/organizations/{id}/confirm-contact");
        self.post("operator", &path, json!({})).await;
        id
    }
}

fn up(folder: &TempDir) -> Child {
    let file = |name: &str| File::create(folder.path().join(name)).unwrap();
    Command::new(env!("CARGO_BIN_EXE_mandate"))
        .args(["up", "--demo", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path().join("data"))
        .stdin(Stdio::null())
        .stdout(file("stdout"))
        .stderr(file("stderr"))
        .spawn()
        .unwrap()
}

impl Drop for Installation {
    fn drop(&mut self) {
        let pid = i32::try_from(self.process.id()).unwrap();
        if let Err(error) = kill(Pid::from_raw(pid), Signal::SIGTERM) {
            eprintln!("the system was not stopped: {error}");
        }
        if let Err(error) = self.process.wait() {
            eprintln!("the system was not waited for: {error}");
        }
    }
}
