//! `cargo xtask sabotage`: a log is sabotaged by whoever holds its key, with a seed that is printed.

use crate::process::{cargo, run as run_command, target};

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    run_command(&mut cargo(&["build", "--package", "mandate", "--package", "faults", "--bins"]))?;
    let mut sabotage = std::process::Command::new(target("debug").join("sabotage"));
    sabotage.args(arguments);
    run_command(&mut sabotage)
}
