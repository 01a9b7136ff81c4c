//! The main job, played once through the public API: what `mandate up --demo` shows.
//!
//! An organization's developer makes an app, activates it, gets a key, trades it for a token and
//! makes a consent link; an account owner redeems it; every step is found again in the audit log.
//! What was made is written to `demo.json`, so that a second start does not play it again.

use std::path::Path;

use anyhow::{Context, bail};
use contract::Environment;

use crate::data_dir::write_private;

mod file;
mod play;

use file::Demo;
use file::DemoPerson;
use play::Play;
pub(crate) use play::new_password;

/// Marks a data folder in which the demo has begun and is not whole: beside the file of the demo, under this ending.
const UNFINISHED: &str = "unfinished";

/// The installation that the demo is to be played in.
pub(crate) trait Stage {
    /// Whether there is an operator already.
    async fn has_operator(&self) -> anyhow::Result<bool>;

    /// Adds the first operator: their email, password and API token.
    async fn first_operator(&self) -> anyhow::Result<(String, String, String)>;

    /// What to delete for an empty installation.
    fn to_be_deleted(&self) -> String;
}

/// Plays the demo, unless its file says that it was played. One that was interrupted cannot go on, because nobody has the
/// secrets that were shown to it: the error says what to delete.
///
/// # Errors
/// When the installation is not empty, the API refuses a step, or the audit log misses one.
pub(crate) async fn play_once(
    file: &Path,
    base_url: &str,
    stage: &impl Stage,
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
    let unfinished = file.with_extension(UNFINISHED);
    if stage.has_operator().await? {
        if unfinished.exists() {
            bail!(
                "the demo was interrupted before it was whole, and cannot go on: delete {}, and start again",
                stage.to_be_deleted()
            );
        }
        bail!(
            "the demo needs an empty installation, and this one has an operator already: start without --demo, or name \
             another folder with --data-dir"
        );
    }
    // Only ever beside an installation that was empty: what it says to delete is the demo's.
    write_private(&unfinished, b"")?;
    let (email, password, api_token) = stage.first_operator().await?;
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
    std::fs::remove_file(&unfinished)
        .with_context(|| format!("{} cannot be removed", unfinished.display()))?;
    Ok(demo)
}
