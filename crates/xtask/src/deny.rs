//! `cargo deny`, installed if need be.

use std::{path::PathBuf, process::Command};

use crate::process::{cargo, output, root, run as run_command, target};

/// The version that `deny.toml` is written for.
const VERSION: &str = "0.20.2";

/// Licences, bans and sources: what the commit decides. Advisories change without one, and so
/// are for a job that runs by the clock.
pub(crate) fn run() -> anyhow::Result<()> {
    let program = provide()?;
    run_command(
        Command::new(program)
            .args(["--locked", "check", "--hide-inclusion-graph"])
            .args(["licenses", "bans", "sources"])
            .current_dir(root()),
    )
}

fn provide() -> anyhow::Result<PathBuf> {
    let tools = target("tools");
    for candidate in [PathBuf::from("cargo-deny"), tools.join("bin/cargo-deny")] {
        let version = output(Command::new(&candidate).arg("--version"));
        if version.is_ok_and(|text| String::from_utf8_lossy(&text).contains(VERSION)) {
            return Ok(candidate);
        }
    }
    // It runs for a second: building it quickly matters more than its speed.
    run_command(
        cargo(&["install", "--locked", "--quiet", "--no-default-features"])
            .args(["cargo-deny", "--version", VERSION, "--root"])
            .arg(&tools)
            .env("CARGO_TARGET_DIR", target("tools-build"))
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "false"),
    )?;
    Ok(tools.join("bin/cargo-deny"))
}
