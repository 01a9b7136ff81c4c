//! `cargo xtask bench`: the measurements, on programs built as they are shipped.

use crate::process::{cargo, run as run_command, target};

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    run_command(
        cargo(&["build", "--release", "--package", "mandate", "--package", "bench"])
            .env("SQLX_OFFLINE", "true"),
    )?;
    let mut bench = std::process::Command::new(target("release").join("bench"));
    bench.args(arguments);
    run_command(&mut bench)
}
