//! Go, for tests that build other people's programs, offline.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{cache::default_cache, error::FetchError, fetch::unpacked, wheels::GO};

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
}
