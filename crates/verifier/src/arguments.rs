//! The command line of `mandate verify`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use translog::VerifierKey;
use url::Url;

use crate::signature::Given;

const EXIT_CODES: &str = "\
Exit codes, by the first check that fails, in this order:
  0  all is well
  1  wrong usage, or the log could not be read (to its end)
  2  the signature, or a checkpoint that is none or another log's
  3  the tree: root, tile, leaf, or a bundle that cannot be read
  4  not consistent with the checkpoint that was kept: rewritten, cut, or forked
  5  a stream has a hole, an event is in a stream of another kind, or an entry is no event
  6  what a service recorded is not in the log, or its manifests contradict each other
  7  the index in the database does not say what the entries do
  8  evidence says of itself what its entries do not
docs/audit.md says what each of them proves.";

/// `mandate verify`.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct Arguments {
    /// Where the log is.
    #[command(flatten)]
    pub(crate) place: Place,
    /// Read an API token from this file (its first line), of somebody who may read the whole log, such as an
    /// operator.
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
    /// Trust this key of the log: `<name>+<id>+<base64>`. Without a key the log's own is trusted, which proves
    /// nothing against whoever serves it.
    #[arg(long, value_name = "VKEY", group = "trusted")]
    pub(crate) key: Option<VerifierKey>,
    /// Trust the key in this file (its first line).
    #[arg(long, value_name = "FILE", group = "trusted")]
    pub(crate) key_file: Option<PathBuf>,
    /// The log must go on from the checkpoint in this file, which was kept earlier. The hashes in FILE.hashes, if
    /// they are there, tell where it does not.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// When all is well, keep the verified checkpoint in this file, for --checkpoint the next time, and in FILE.hashes
    /// 32 bytes for each 256 entries.
    #[arg(long, value_name = "FILE")]
    pub(crate) keep: Option<PathBuf>,
    /// Compare the index in this database, too: each row of audit.entries says what its entry does, audit.spans
    /// encloses the times, and audit.head ends where the rows do. The login needs to read these tables and nothing else. Others can read a command line: keep the password in PGPASSFILE.
    #[arg(long, value_name = "URL", conflicts_with = "evidence")]
    pub(crate) database_url: Option<String>,
    /// Print the outcome as one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Arguments {
    /// The database whose index is compared.
    pub fn database_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    /// What everything is verified with.
    pub(crate) fn given(&self) -> Given<'_> {
        Given {
            key: self.key.as_ref(),
            key_file: self.key_file.as_deref(),
            checkpoint: self.checkpoint.as_deref(),
        }
    }
}

/// Where the log is: a server or a folder; or evidence of it, or the proof of one event.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Place {
    /// The address of the API, such as https://mandate.example.com: the log is below /audit/log there.
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<Url>,
    /// A folder with `checkpoint`, `tile/…` and `tile/entries/…`, as tools for tlog-tiles mirror a log.
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
    /// A file that `mandate evidence` made, of some of a log's entries. No server is asked.
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Option<PathBuf>,
    /// A file that `GET /v1/events/{id}/proof` answers, of one event (c2sp.org/tlog-proof). No server is asked. It has no
    /// key, so name one, and shows nothing of other entries, so that no checkpoint can be compared or kept.
    #[arg(
        long,
        value_name = "FILE",
        requires = "trusted",
        conflicts_with_all = ["token_file", "checkpoint", "keep", "database_url"]
    )]
    pub(crate) proof: Option<PathBuf>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, folder, evidence, proof } = self;
        let path = folder.as_ref().or(evidence.as_ref()).or(proof.as_ref());
        match (server, path) {
            (Some(url), _) => url.fmt(f),
            (None, Some(path)) => path.display().fmt(f),
            (None, None) => Ok(()),
        }
    }
}
