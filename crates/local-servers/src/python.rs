//! The machine's Python, for its pip: found by trying, and run for what it says.
//!
//! pip is what nearly every machine has, it knows the machine's mirrors, proxies and certificates,
//! and with `--require-hashes` it refuses a file that is not the pinned one.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Command, Stdio},
};

use crate::{
    error::{FetchError, tail},
    process::output_within,
};

/// Names under which Python may be found.
pub(crate) const PYTHONS: [&str; 3] = ["python3", "python", "/usr/bin/python3"];

/// Variables of pip that count here as well: they say from where packages come, and how that is reached. Whatever else
/// somebody has set for their own use of pip (`PIP_REQUIRE_VIRTUALENV`, `PIP_NO_BINARY`, `PIP_TARGET`) would only
/// spoil a download whose version, hash and place are given.
const WHERE_FROM: [&str; 14] = [
    "PIP_CACHE_DIR",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
    "PIP_CONFIG_FILE",
    "PIP_DEFAULT_TIMEOUT",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "PIP_INDEX_URL",
    "PIP_KEYRING_PROVIDER",
    "PIP_NO_CACHE_DIR",
    "PIP_NO_INDEX",
    "PIP_PROXY",
    "PIP_RETRIES",
    "PIP_TRUSTED_HOST",
];

/// This Python's pip, whatever its user has set for themselves.
pub(crate) fn pip(python: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip"]);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_foreign(name)) {
        command.env_remove(name);
    }
    command
}

fn is_foreign(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    name.starts_with("PIP_") && !WHERE_FROM.contains(&&*name)
}

/// The first of these that is a Python with pip.
pub(crate) fn find_python(candidates: &[&OsStr]) -> Result<PathBuf, FetchError> {
    let mut tried = Vec::new();
    for candidate in candidates {
        let mut command = pip(candidate);
        command.arg("--version");
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

/// Runs a program to its end for what it prints. `failed` makes an error of what it said last.
pub(crate) fn run(
    mut command: Command,
    failed: impl FnOnce(String) -> FetchError,
) -> Result<String, FetchError> {
    let program = PathBuf::from(command.get_program());
    let output = command.stdin(Stdio::null()).output().map_err(FetchError::io("run", program))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(printed.into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(tail(if said.trim().is_empty() { &printed } else { &said })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_pips_variables_only_where_packages_come_from_counts() {
        for foreign in ["PIP_REQUIRE_VIRTUALENV", "PIP_NO_BINARY", "PIP_TARGET", "PIP_DRY_RUN"] {
            assert!(is_foreign(foreign.as_ref()), "{foreign}");
        }
        for kept in ["PIP_INDEX_URL", "PIP_CERT", "PIPELINE", "PATH"] {
            assert!(!is_foreign(kept.as_ref()), "{kept}");
        }
    }
}
