//! Processes: whether one is alive, whose children they are, how to end them.

use std::{
    fs, io,
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// How long a program may take to print its version.
const PROBE: Duration = Duration::from_secs(20);

/// Sends a signal; a process that has ended already is as good as signalled.
pub(crate) fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = as_pid(pid)
        && let Err(error) = kill(pid, signal)
        && error != Errno::ESRCH
    {
        tracing::warn!(%pid, %signal, %error, "cannot signal a server process");
    }
}

/// Whether a process with this id runs. A zombie does not.
pub(crate) fn is_alive(pid: u32) -> bool {
    let Some(id) = as_pid(pid) else { return false };
    match kill(id, None) {
        Ok(()) | Err(Errno::EPERM) => !is_zombie(pid),
        Err(_) => false,
    }
}

/// Whether the process with this id runs and is the named program. Process ids are reused, above
/// all in containers, where a stale file often names a number that another program has now.
pub(crate) fn is_alive_as(pid: u32, program: &str) -> bool {
    is_alive(pid) && name_of(pid).is_none_or(|name| name.contains(program))
}

/// All children of a process.
pub(crate) fn children_of(parent: u32) -> Vec<u32> {
    if Path::new("/proc/self/stat").exists() {
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| stat_fields(*pid).is_some_and(|stat| stat.parent == parent))
            .collect()
    } else {
        let listing = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output();
        let text = listing.map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&text)
            .lines()
            .filter_map(|line| {
                let mut numbers = line.split_whitespace();
                let pid = numbers.next()?.parse().ok()?;
                (numbers.next()?.parse() == Ok(parent)).then_some(pid)
            })
            .collect()
    }
}

/// Runs a program that ends by itself, such as `postgres --version`, and collects what it prints.
pub(crate) fn output_within(mut command: Command) -> io::Result<Output> {
    let child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let pid = child.id();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    receiver.recv_timeout(PROBE).unwrap_or_else(|_| {
        signal(pid, Signal::SIGKILL);
        Err(io::Error::new(io::ErrorKind::TimedOut, "it did not end by itself"))
    })
}

fn as_pid(pid: u32) -> Option<Pid> {
    // 0 and negative numbers would address groups of processes.
    i32::try_from(pid).ok().filter(|pid| *pid > 0).map(Pid::from_raw)
}

struct Stat {
    state: char,
    parent: u32,
}

/// Linux: the fields after the name, which stands in parentheses and may itself contain any.
fn stat_fields(pid: u32) -> Option<Stat> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some(Stat { state: fields.next()?.chars().next()?, parent: fields.next()?.parse().ok()? })
}

fn is_zombie(pid: u32) -> bool {
    stat_fields(pid).is_some_and(|stat| stat.state == 'Z')
}

fn name_of(pid: u32) -> Option<String> {
    if let Ok(name) = fs::read_to_string(format!("/proc/{pid}/comm")) {
        return Some(name.trim().to_owned());
    }
    let listing = Command::new("ps").args(["-o", "comm=", "-p", &pid.to_string()]).output().ok()?;
    let name = String::from_utf8_lossy(&listing.stdout).trim().to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_seen_alive_and_then_gone() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let pid = child.id();
        assert!(is_alive(pid));
        assert!(is_alive_as(pid, "sleep"));
        assert!(!is_alive_as(pid, "postgres"));
        assert!(children_of(std::process::id()).contains(&pid));

        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(pid));
    }

    #[test]
    fn a_process_number_that_means_a_group_is_never_alive() {
        assert!(!is_alive(0));
        assert!(!is_alive(u32::MAX));
    }
}
