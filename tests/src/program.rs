//! Processes of the binary. Each ends with its [`Process`], and at the latest with the tests, however
//! they end: a shell holds it, and when our end of the shell's standard input closes, deletes its files
//! and kills it.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use stage::eventually;
use tempfile::TempDir;

/// `$0` is the file for the program's process id, `$@` the program and its arguments.
const KEEPER: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
echo "$program" >"$0.partial" && mv "$0.partial" "$0"
{ read -r _ <&3; rm -rf "${0%/*}"; kill -KILL "$program"; } 2>/dev/null &
keeper=$!
exec 3<&-
wait "$program"
code=$?
kill "$keeper" 2>/dev/null
exit "$code"
"#;

/// Variables of whoever runs the tests that would change what the binary does.
const FOREIGN: [&str; 2] = ["MANDATE_CONFIG", "MANDATE_DATA_DIR"];

/// What a finished command said.
#[derive(Debug)]
pub struct Output {
    /// Its exit code; none if a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it printed beside.
    pub stderr: String,
}

/// A running process of the binary.
#[derive(Debug)]
pub struct Process {
    keeper: Child,
    folder: TempDir,
}

/// The binary beside the running program, or above it, where that is a test program.
///
/// # Panics
/// When it was not built.
pub fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folders = own.ancestors().skip(1).take(2);
    let beside: Vec<PathBuf> = folders.map(|folder| folder.join("mandate")).collect();
    let binary = beside.iter().find(|binary| binary.exists()).unwrap_or(&beside[1]).clone();
    assert!(
        binary.exists(),
        "{} is not built: run the tests with `cargo xtask test`, or `cargo build -p mandate` first",
        binary.display()
    );
    binary
}

/// `mandate` with these arguments, to be run to its end.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).stdin(Stdio::null());
    for variable in FOREIGN {
        command.env_remove(variable);
    }
    command
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be started.
pub fn finish(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs `mandate` with these arguments to its end.
pub fn run(arguments: &[&str]) -> Output {
    finish(&mut command(arguments))
}

impl Output {
    /// What it printed, if it succeeded.
    ///
    /// # Panics
    /// When it failed.
    #[track_caller]
    pub fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }

    /// What it printed beside, if it failed as our commands do: with code 1 and nothing printed.
    ///
    /// # Panics
    /// When it succeeded.
    #[track_caller]
    pub fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{} {}", self.stdout, self.stderr);
        assert!(self.stdout.is_empty(), "{}", self.stdout);
        self.stderr
    }
}

impl Process {
    /// Starts `mandate` with these arguments and variables.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::start_by(&[], arguments, variables)
    }

    /// The same by a command that turns into the one that its last arguments name, as `env` does.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_by(by: &[&str], arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| File::create(folder.path().join(name)).unwrap();
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg(KEEPER)
            .arg(folder.path().join("pid"))
            .args(by)
            .arg(binary())
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            // Ctrl-C in the terminal ends the tests; what they started ends by their end.
            .process_group(0);
        for variable in FOREIGN {
            shell.env_remove(variable);
        }
        let keeper = shell.spawn().unwrap();
        Self { keeper, folder }
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> String {
        self.read("stdout")
    }

    /// What it has logged so far.
    pub fn stderr(&self) -> String {
        self.read("stderr")
    }

    /// Waits for a line that begins so, and gives its rest.
    ///
    /// # Panics
    /// When the process ends before, or the line does not come.
    pub async fn line(&mut self, beginning: &str) -> String {
        eventually(&format!("the line `{beginning}…`"), async || {
            // Looked at first: what it printed before its end counts.
            let ended = self.keeper.try_wait().unwrap();
            let stdout = self.stdout();
            let lines = stdout.split_inclusive('\n');
            let mut complete = lines.filter_map(|line| line.strip_suffix('\n'));
            if let Some(rest) = complete.find_map(|line| line.strip_prefix(beginning)) {
                return Ok(rest.to_owned());
            }
            if let Some(status) = ended {
                panic!("it ended with {status}: {}", self.stderr());
            }
            Err(format!("{stdout}\n{}", self.stderr()))
        })
        .await
    }

    /// The process id of the program itself.
    pub async fn pid(&self) -> Pid {
        let pid = eventually("the process id", async || {
            self.read("pid").trim().parse().map_err(|_| "not yet".to_owned())
        });
        Pid::from_raw(pid.await)
    }

    /// Sends the program a signal.
    ///
    /// # Panics
    /// When it has ended.
    pub async fn signal(&self, signal: Signal) {
        kill(self.pid().await, signal).unwrap();
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        eventually("the end of the process", async || {
            let ended = self.keeper.try_wait().unwrap();
            ended.ok_or_else(|| self.stderr())
        })
        .await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let stderr = self.stderr();
            let last = stderr.lines().rev().take(40).collect::<Vec<_>>();
            for line in last.into_iter().rev() {
                eprintln!("mandate | {line}");
            }
        }
        // The shell kills the program, and then ends itself.
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("a process was not waited for: {error}");
        }
    }
}
