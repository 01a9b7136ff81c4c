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

/// The first of these that is a Python with pip.
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
