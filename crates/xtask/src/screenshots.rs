//! `cargo xtask screenshots`: pictures of the portal's pages, by the program of crate `browser`.

use crate::process::{cargo, run as run_command, target};

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    run_command(&mut cargo(&["build", "--package", "portal", "--example", "gallery"]))?;
    run_command(&mut cargo(&["build", "--package", "browser", "--bins"]))?;
    let mut screenshots = std::process::Command::new(target("debug").join("screenshots"));
    screenshots.arg("--gallery").arg(target("debug").join("examples/gallery")).args(arguments);
    run_command(&mut screenshots)
}
