//! A tiny process that ends a server when its owner is gone.
//!
//! Rust's destructors do not run when a process is killed, and not for statics either. So every
//! server gets a companion that waits on a pipe whose other end only the owner holds: the kernel
//! closes it whatever happens to the owner. The companion is `/bin/sh` with `watchdog.sh`, in a
//! process group of its own, so that Ctrl-C in the terminal does not reach it.

use std::{
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use nix::sys::signal::Signal;

use crate::error::ServerError;

/// Without its comments, which would stand in every listing of processes.
fn script() -> String {
    include_str!("watchdog.sh")
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
}

/// As `kill -s` wants it: without the letters that every signal's name begins with.
fn name_of(signal: Signal) -> &'static str {
    let name = signal.as_str();
    name.strip_prefix("SIG").unwrap_or(name)
}

/// The owner's end of the companion process. Dropping it makes the companion end what it watches.
#[derive(Debug)]
pub(crate) struct Watchdog {
    companion: Child,
    /// `None` once let go of.
    pipe: Option<ChildStdin>,
}

impl Watchdog {
    /// Starts the companion. `signal` is what it asks the server to end with;
    /// `delete` is the folder to remove once the server has ended.
    pub(crate) fn start(signal: Signal, delete: Option<&Path>) -> Result<Self, ServerError> {
        let mut companion = Command::new("/bin/sh")
            .args(["-c", &script(), "mandate-watchdog", name_of(signal)])
            .arg(delete.unwrap_or(Path::new("")))
            .current_dir("/")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(ServerError::io("run", "/bin/sh"))?;
        let pipe = companion.stdin.take();
        Ok(Self { companion, pipe })
    }

    /// From now on, `pid` ends with the owner.
    pub(crate) fn watch(&mut self, pid: u32) {
        self.say(&format!("watch {pid}\n"));
    }

    /// The watched process is ending or has ended: its number may soon be another's.
    pub(crate) fn forget(&mut self) {
        self.say("forget\n");
    }

    /// A companion that has died cannot be told anything, and the server goes on without it.
    fn say(&mut self, line: &str) {
        if let Some(pipe) = &mut self.pipe
            && let Err(error) = pipe.write_all(line.as_bytes())
        {
            tracing::warn!(%error, "the server's watchdog is gone");
        }
    }

    /// Lets go: the companion ends the watched server and deletes the folder, if it has one to
    /// delete. Returns the companion, to wait for it.
    pub(crate) fn let_go(mut self) -> Child {
        self.pipe = None;
        self.companion
    }
}
