//! `cargo xtask bench`: the measurements, on programs built as they are shipped (profile `dist`).

use crate::process::{cargo, run as run_command, target};

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    run_command(
        cargo(&["build", "--profile", "dist", "--package", "mandate", "--package", "bench"])
            .env("SQLX_OFFLINE", "true"),
    )?;
    let mut bench = std::process::Command::new(target("dist").join("bench"));
    bench.args(arguments);
    run_command(&mut bench)
}
