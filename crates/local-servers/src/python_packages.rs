//! Python with the packages of a pinned list, for tests that run other people's Python.
//!
//! Unlike the servers these are installed: they come as many packages, some of them built for one version of
//! Python. The list names every file that pip may take.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    cache::{self, default_cache, fingerprint},
    error::FetchError,
    python::{PYTHONS, find_python, pip, run},
};

/// The list, as it is called in a folder with its packages. It gets there last, so a folder that has it is
/// complete.
const LIST: &str = "requirements.txt";

/// A Python with the packages of a list.
#[derive(Debug)]
pub struct PythonPackages {
    python: PathBuf,
    folder: PathBuf,
}

impl PythonPackages {
    /// The packages of this `requirements.txt`, which has the hashes of all their files, installed into the cache
    /// unless they are there.
    ///
    /// # Errors
    /// When there is no Python with pip, the list cannot be read, or pip cannot install what is in it.
    pub fn provide(list: &Path) -> Result<Self, FetchError> {
        let text = fs::read_to_string(list).map_err(FetchError::io("read", list))?;
        let name = format!("python-packages-{:016x}", fingerprint(text.as_bytes()));
        Self::installed("the packages of a list", &name, &text)
    }

    /// The packages of a list with this text, in the cache under this name and that of the Python. `package` is
    /// what they are called in errors.
    pub(crate) fn installed(
        package: &'static str,
        name: &str,
        text: &str,
    ) -> Result<Self, FetchError> {
        let failed = |tail| FetchError::PipFailed { package, tail };
        let python = find_python(&PYTHONS.map(OsStr::new))?;
        let name = format!("{name}-{}", abi(&python, failed)?);
        let is_current =
            |place: &Path| fs::read_to_string(place.join(LIST)).is_ok_and(|there| there == text);
        let folder = cache::entry(&default_cache()?, &name, is_current, |part| {
            tracing::info!("installing {package}");
            install(&python, text, &part.join("installed"), failed)
        })?;
        Ok(Self { python, folder })
    }

    /// `python`, to be completed with arguments. A script finds the packages by `import`.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        command
            .env("PYTHONPATH", &self.folder)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null());
        command
    }

    /// A program that one of the packages brings: a script of Python's.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }
}

/// Which builds of packages fit this Python, such as `cpython-311`.
fn abi(python: &Path, failed: impl FnOnce(String) -> FetchError) -> Result<String, FetchError> {
    let mut command = Command::new(python);
    command.args(["-c", "import sys; print(sys.implementation.cache_tag)"]);
    run(command, failed).map(|printed| printed.trim().to_owned())
}

fn install(
    python: &Path,
    text: &str,
    part: &Path,
    failed: impl FnOnce(String) -> FetchError,
) -> Result<PathBuf, FetchError> {
    fs::create_dir_all(part).map_err(FetchError::io("make the folder", part))?;
    let list = part.join("pinned.txt");
    fs::write(&list, text).map_err(FetchError::io("write", &list))?;
    let mut pip = pip(python);
    pip.args(["install", "--no-input", "--no-deps"])
        .args(["--disable-pip-version-check", "--quiet"])
        .args(["--require-hashes", "--only-binary", ":all:"])
        .arg("--requirement")
        .arg(&list)
        .arg("--target")
        .arg(part);
    run(pip, failed)?;
    let complete = part.join(LIST);
    fs::rename(&list, &complete).map_err(FetchError::io("move into", &complete))?;
    Ok(part.to_owned())
}
