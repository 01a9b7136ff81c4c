//! `cargo xtask faults`: rounds of faults under load, with a seed that is printed.

use crate::process::{cargo, run as run_command, target};

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    run_command(&mut cargo(&["build", "--package", "mandate", "--package", "faults", "--bins"]))?;
    let mut faults = std::process::Command::new(target("debug").join("faults"));
    faults.args(arguments);
    run_command(&mut faults)
}
