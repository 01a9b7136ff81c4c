//! `cargo xtask fixture <name>`: the database of the running version as plain SQL, in
//! `tests/fixtures/<name>`, for later versions to come up on.
//!
//! It is made with the oldest PostgreSQL that is supported: what that writes, every newer one reads.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use crate::process::{cargo, output, root, run as run_command};

/// The oldest version that is supported.
const MAJOR: &str = "15";

/// Where packages of distributions put its programs.
const PLACES: [&str; 4] = [
    "/usr/lib/postgresql/15/bin",
    "/usr/pgsql-15/bin",
    "/opt/homebrew/opt/postgresql@15/bin",
    "/usr/local/opt/postgresql@15/bin",
];

pub(crate) fn run(name: &str) -> anyhow::Result<()> {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    ensure!(plain && !name.is_empty(), "a fixture's name has lower-case letters and - only");
    let folder = root().join("tests/fixtures").join(name);
    ensure!(!folder.exists(), "{} is there, and versions do not change", folder.display());
    let configured = env::var_os("MANDATE_POSTGRES").map(PathBuf::from);
    let programs = configured
        .into_iter()
        .chain(PLACES.map(PathBuf::from))
        .find(|folder| is_wanted(folder))
        .with_context(|| {
            format!(
                "no pg_dump {MAJOR} on this machine (the fetched PostgreSQL has none): install the \
                 server and the client of PostgreSQL {MAJOR}, or name their folder in MANDATE_POSTGRES"
            )
        })?;
    run_command(&mut cargo(&["build", "--package", "mandate", "--bins"]))?;
    run_command(
        cargo(&["run", "--quiet", "--package", "journeys", "--example", "fixture", "--"])
            .arg(folder)
            .env("MANDATE_POSTGRES", programs),
    )
}

/// Whether the programs that are needed are in this folder, in the version that is wanted.
fn is_wanted(folder: &Path) -> bool {
    ["postgres", "pg_dump", "pg_dumpall"].into_iter().all(|name| {
        output(Command::new(folder.join(name)).arg("--version"))
            .is_ok_and(|printed| is_of_major(&String::from_utf8_lossy(&printed)))
    })
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
fn is_of_major(printed: &str) -> bool {
    let version = printed.split_once("(PostgreSQL) ").map_or("", |(_, version)| version);
    version.split(['.', ' ', '\n']).next() == Some(MAJOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_wanted_version_is_used() {
        assert!(is_of_major("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"));
        assert!(!is_of_major("pg_dump (PostgreSQL) 18.6\n"));
        assert!(!is_of_major("pg_dump (PostgreSQL) 14.15\n"));
        assert!(!is_of_major("15"));
    }
}
