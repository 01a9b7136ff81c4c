//! Go, for tests that build other people's programs, offline.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{cache::default_cache, error::FetchError, fetch::unpacked, wheels::GO};

/// The module that Go brings beside its standard library, where it is below Go's root, and which of its
/// packages need nothing else. With them Go checks its checksum database, a transparency log.
const LOGS: &str = "src/cmd/vendor/golang.org/x/mod";
const LOG_PACKAGES: [&str; 2] = ["sumdb/note", "sumdb/tlog"];

/// Why a program was not built.
#[derive(Debug, thiserror::Error)]
pub enum GoError {
    /// A file could not be copied, or Go could not be run.
    #[error("cannot use {path}: {error}", path = .path.display())]
    Files {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Go refused it.
    #[error("`go build` failed: {0}")]
    Build(String),
}

/// A Go with its standard library.
#[derive(Debug)]
pub struct Go {
    program: PathBuf,
}

impl Go {
    /// The pinned version, fetched unless the cache has it.
    ///
    /// # Errors
    /// When there is no Python with pip, or pip cannot download it.
    pub fn provide() -> Result<Self, FetchError> {
        let unpacked = unpacked(&GO, &default_cache()?)?;
        Ok(Self { program: unpacked.join(GO.programs).join("go") })
    }

    /// `go`, to be completed with arguments. It fetches nothing, neither modules nor another
    /// version of itself, and keeps what it builds in `caches`, an absolute path.
    pub fn command(&self, caches: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_remove("GOROOT")
            .env("GOENV", "off")
            .env("GOFLAGS", "-mod=mod")
            .env("GOPROXY", "off")
            .env("GOTOOLCHAIN", "local")
            .env("CGO_ENABLED", "0")
            .env("GOPATH", caches.join("path"))
            .env("GOCACHE", caches.join("build"))
            // What it counts about its own use goes below the home folder.
            .env("HOME", caches)
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::null());
        command
    }

    /// Builds the program whose files are in `source`, in the empty folder `folder`, and tells where it
    /// is. In place of golang.org/x/mod, which its `go.mod` is to replace by `./mod`, it gets the
    /// packages `sumdb/note` and `sumdb/tlog` that this Go has itself. `caches` is as for
    /// [`command`](Self::command).
    ///
    /// # Errors
    /// When a file cannot be copied, or Go refuses the program.
    pub fn build(&self, source: &Path, folder: &Path, caches: &Path) -> Result<PathBuf, GoError> {
        copy_files(source, folder)?;
        let module = folder.join("mod");
        let root = self.program.ancestors().nth(2).unwrap_or(&self.program);
        for package in LOG_PACKAGES {
            copy_files(&root.join(LOGS).join(package), &module.join(package))?;
        }
        let list = module.join("go.mod");
        fs::write(&list, "module golang.org/x/mod\n\ngo 1.25\n").map_err(files(&list))?;
        let program = folder.join("program");
        let mut build = self.command(caches);
        build.args(["build", "-o"]).arg(&program).arg(".").current_dir(folder);
        let output = build.output().map_err(files(&self.program))?;
        if output.status.success() {
            Ok(program)
        } else {
            Err(GoError::Build(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
        }
    }
}

/// Copies the files that are in a folder itself.
fn copy_files(from: &Path, to: &Path) -> Result<(), GoError> {
    fs::create_dir_all(to).map_err(files(to))?;
    for entry in fs::read_dir(from).map_err(files(from))? {
        let file = entry.map_err(files(from))?.path();
        if let Some(name) = file.file_name().filter(|_| file.is_file()) {
            fs::copy(&file, to.join(name)).map_err(files(&file))?;
        }
    }
    Ok(())
}

fn files(path: &Path) -> impl FnOnce(io::Error) -> GoError + use<> {
    let path = path.to_owned();
    move |error| GoError::Files { path, error }
}
