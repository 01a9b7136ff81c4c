//! Running cargo and other programs, in the workspace's folder.

use std::{
    env, fmt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use anyhow::Context as _;

/// A program that was run and failed.
#[derive(Debug)]
pub(crate) struct Failed {
    what: String,
    status: ExitStatus,
}

impl Failed {
    /// Its exit code, if it was not ended by a signal.
    pub(crate) fn code(&self) -> Option<u8> {
        self.status.code().and_then(|code| u8::try_from(code).ok())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` failed: {}", self.what, self.status)
    }
}

impl std::error::Error for Failed {}

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("this crate is at crates/xtask of the workspace")
        .to_owned()
}

/// Where builds go, in an own folder of this program.
pub(crate) fn target(name: &str) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root().join(target).join(name)
}

/// A cargo command that needs no database to compile queries.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(arguments)
        .current_dir(root())
        .env("SQLX_OFFLINE", "true")
        .env_remove("DATABASE_URL")
        .stdin(Stdio::null());
    command
}

/// Runs a command, its output on the terminal.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let what = describe(command);
    let status = command.status().with_context(|| what.clone())?;
    if status.success() { Ok(()) } else { Err(Failed { what, status }.into()) }
}

/// Runs a command for what it prints.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let what = describe(command);
    let output = command.stderr(Stdio::inherit()).output().with_context(|| what.clone())?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        let status = output.status;
        Err(Failed { what, status }.into())
    }
}

fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words: Vec<_> = std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}
