//! The content of `demo.json`: what the demo made, and how its people sign in.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// What the demo made: the content of `demo.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Demo {
    /// Where the API is.
    pub base_url: String,
    /// The organization that develops the app.
    pub organization_id: String,
    /// The people, and how they sign in.
    pub people: Vec<DemoPerson>,
    /// The accounts, and who holds which role on them.
    pub accounts: Vec<DemoAccount>,
    /// The app and its key.
    pub app: DemoApp,
}

/// A person of the demo.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DemoPerson {
    /// Their email.
    pub email: String,
    /// Their password.
    pub password: String,
    /// `operator`, member roles, and `account:<role>`.
    pub roles: Vec<String>,
    /// A bearer token for the API.
    pub api_token: String,
}

/// An account of the demo.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DemoAccount {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `advertiser` or `publisher`.
    pub kind: String,
    /// The catalogue's service.
    pub service: String,
    /// Roles by the email of who holds them.
    pub roles: BTreeMap<String, String>,
}

/// The app of the demo.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DemoApp {
    /// Its id.
    pub id: String,
    /// Its key's client id.
    pub client_id: String,
    /// Its key's client secret.
    pub client_secret: String,
}

impl Demo {
    /// What to try next, for the terminal.
    pub(crate) fn what_to_try(&self, file: &Path, observer_url: Option<&str>) -> String {
        use std::fmt::Write;
        let base = &self.base_url;
        let mut lines = format!("Open {base} and sign in as one of these:\n");
        let width = self.people.iter().map(|person| person.email.len()).max().unwrap_or_default();
        for DemoPerson { email, password, roles, .. } in &self.people {
            let roles = roles.join(", ");
            let _ = writeln!(lines, "  {email:width$}  {password}  {roles}");
        }
        let _ = writeln!(
            lines,
            "The developer has an app with a key and a consent; account owners find theirs under My consents. All of \
             this is kept in {}\n",
            file.display()
        );
        let app = &self.app;
        let _ = writeln!(
            lines,
            "A token for the app:\n  curl -u {}:{} -d grant_type=client_credentials {base}/oauth2/token\n",
            app.client_id, app.client_secret
        );
        if let Some(auditor) =
            self.people.iter().find(|person| person.roles.iter().any(|role| role == "auditor"))
        {
            let _ = writeln!(
                lines,
                "What happened to it, as the auditor sees it:\n  curl -H 'Authorization: Bearer {}' '{base}/v1/events?app_id={}&order=asc'\n",
                auditor.api_token, app.id
            );
        }
        if let Some(url) = observer_url {
            let _ = writeln!(
                lines,
                "Follow consents as they are granted:\n  nats --server {url} sub 'mandate.events.*.consent.granted.>'\n"
            );
        }
        let _ = write!(lines, "The whole API: {base}/openapi.json. Ctrl-C stops everything.");
        lines
    }
}
