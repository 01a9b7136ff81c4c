//! The main job, played once through the public API: what `mandate up --demo` shows.
//!
//! An organization's developer makes an app, activates it, gets a key, trades it for a token and
//! makes a consent link; an account owner redeems it; every step is found again in the audit log.
//! What was made is written to `demo.json`, so that a second start does not play it again.

use std::path::Path;

use anyhow::Context;
use contract::Environment;

use crate::data_dir::write_private;

mod file;
mod play;

use file::Demo;
use file::DemoPerson;
use play::Play;
pub(crate) use play::new_password;

/// Plays the demo, unless its file says that it was played.
///
/// `first_operator` adds the first operator of an empty installation and gives email, password and
/// API token.
///
/// # Errors
/// When the API refuses a step, or the audit log misses one.
pub(crate) async fn play_once(
    file: &Path,
    base_url: &str,
    first_operator: impl AsyncFnOnce() -> anyhow::Result<(String, String, String)>,
) -> anyhow::Result<Demo> {
    match std::fs::read_to_string(file) {
        Ok(text) => {
            let mut demo: Demo = serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged", file.display()))?;
            if demo.base_url != base_url {
                base_url.clone_into(&mut demo.base_url);
                write_private(file, &serde_json::to_vec_pretty(&demo)?)?;
            }
            return Ok(demo);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(error).with_context(|| format!("{} cannot be read", file.display()));
        }
    }
    let (email, password, api_token) =
        first_operator().await.context("the demo needs an empty installation")?;
    let operator = DemoPerson { email, password, roles: vec!["operator".to_owned()], api_token };
    let play = Play {
        // It talks to this process, without TLS: it needs none of the system's certificates.
        http: reqwest::Client::builder().tls_certs_only([]).build()?,
        base_url,
        environment: Environment::system(),
        operator,
    };
    let demo = play.all().await?;
    write_private(file, &serde_json::to_vec_pretty(&demo)?)?;
    Ok(demo)
}
