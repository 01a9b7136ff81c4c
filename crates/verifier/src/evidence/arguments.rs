//! The command line of `mandate evidence`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use contract::GrantId;
use translog::VerifierKey;
use url::Url;

use super::description::Asked;

/// `mandate evidence`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The address of the API, such as <https://mandate.example.com>.
    #[arg(long, value_name = "URL")]
    pub(crate) server: Url,
    /// Read an API token from this file (its first line): of an operator, or for one consent of somebody who may
    /// read its events.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Evidence of this consent: all that happened to it, to the link that it came through, and to its app.
    #[arg(long, value_name = "ID", required_unless_present_all = ["from", "to"], conflicts_with_all = ["from", "to"])]
    grant: Option<GrantId>,
    /// Evidence of all that was recorded from this time on (RFC 3339) …
    #[arg(long, value_name = "TIME", requires = "to")]
    from: Option<DateTime<Utc>>,
    /// … and before this time.
    #[arg(long, value_name = "TIME", requires = "from")]
    to: Option<DateTime<Utc>>,
    /// Write it to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Make it only if the log has this key: `<name>+<id>+<base64>`.
    #[arg(long, value_name = "VKEY", conflicts_with = "key_file")]
    pub(crate) key: Option<VerifierKey>,
    /// Make it only if the log has the key in this file (its first line).
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// Prove besides that the log goes on from the checkpoint in this file, which whoever gets the evidence kept.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
}

impl Arguments {
    /// What is asked for.
    pub(crate) fn asked(&self) -> Asked {
        match (self.grant, self.from, self.to) {
            (None, Some(from), Some(to)) => Asked::Recorded { from, to },
            (grant, ..) => Asked::Grant(grant.expect("one of both is required")),
        }
    }
}
