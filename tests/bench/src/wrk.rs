//! A load generator that is not ours: `wrk`, from the machine (`apt install wrk`), else the package of the
//! machine's Debian, downloaded and unpacked beside this program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

/// The package, and what of it a machine may lack.
const PACKAGES: [&str; 2] = ["wrk", "libluajit-5.1-2"];

/// What it sends.
const SCRIPT: &str = "\
wrk.method = \"POST\"
wrk.body = \"grant_type=client_credentials\"
wrk.headers[\"authorization\"] = \"Basic CREDENTIALS\"
wrk.headers[\"content-type\"] = \"application/x-www-form-urlencoded\"
";

/// It can be run.
pub(crate) struct Wrk {
    program: PathBuf,
    /// Where its libraries are, if it was unpacked.
    libraries: Option<PathBuf>,
}

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Said {
    /// Answers per second.
    pub(crate) per_second: f64,
    /// The middle latency, in milliseconds.
    pub(crate) p50_ms: f64,
    /// The latency that one in a hundred exceeds.
    pub(crate) p99_ms: f64,
}

impl Wrk {
    /// Finds it, or fetches it.
    pub(crate) fn provide() -> anyhow::Result<Self> {
        let own = Self { program: "wrk".into(), libraries: None };
        if own.answers() {
            return Ok(own);
        }
        let folder = std::env::current_exe()?.with_file_name("bench-wrk");
        let wrk =
            Self { program: folder.join("usr/bin/wrk"), libraries: Some(folder.join("usr/lib")) };
        if !wrk.answers() {
            fetch(&folder).context("there is no wrk, and Debian's could not be had: install it")?;
        }
        ensure!(wrk.answers(), "{} does not run", wrk.program.display());
        Ok(wrk)
    }

    /// Where it was found.
    pub(crate) fn origin(&self) -> String {
        match self.libraries {
            None => "wrk of this machine".to_owned(),
            Some(_) => format!("Debian's wrk in {}", self.program.display()),
        }
    }

    fn answers(&self) -> bool {
        let output = self.command().arg("--version").output();
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("wrk"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        if let Some(libraries) = &self.libraries {
            // Debian has a folder for each architecture.
            let folders = fs::read_dir(libraries).into_iter().flatten().flatten();
            let folders = folders.map(|entry| entry.path());
            command.envs(std::env::join_paths(folders).map(|all| ("LD_LIBRARY_PATH", all)));
        }
        command
    }

    /// Asks for tokens at this address, from one thread.
    pub(crate) fn tokens(
        &self,
        url: &str,
        credentials: &str,
        connections: usize,
        seconds: u64,
    ) -> anyhow::Result<Said> {
        let script = std::env::current_exe()?.with_file_name("bench-wrk.lua");
        fs::write(&script, SCRIPT.replace("CREDENTIALS", credentials))?;
        let output = self
            .command()
            .args(["--threads", "1", "--latency"])
            .args(["--connections", &connections.to_string()])
            .args(["--duration", &seconds.to_string()])
            .arg("--script")
            .arg(&script)
            .arg(url)
            .output()?;
        fs::remove_file(&script)?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        read(&text)
    }
}

fn fetch(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    run(Command::new("apt-get").arg("download").args(PACKAGES).current_dir(folder))?;
    for entry in fs::read_dir(folder)? {
        let package = entry?.path();
        if package.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg").arg("--extract").arg(&package).arg(folder))?;
        }
    }
    Ok(())
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Reads its output. Answers that are no success make it worthless.
fn read(text: &str) -> anyhow::Result<Said> {
    if let Some(errors) =
        text.lines().find(|line| line.contains("Non-2xx") || line.contains("Socket errors"))
    {
        bail!("wrk: {}", errors.trim());
    }
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
        line.map(str::trim).with_context(|| format!("wrk did not say {name}: {text}"))
    };
    Ok(Said {
        per_second: value("Requests/sec:")?.parse()?,
        p50_ms: milliseconds(value("50%")?)?,
        p99_ms: milliseconds(value("99%")?)?,
    })
}

/// A time as it writes them.
fn milliseconds(text: &str) -> anyhow::Result<f64> {
    for (unit, factor) in [("us", 0.001), ("ms", 1.0), ("s", 1_000.0)] {
        if let Some(number) = text.strip_suffix(unit) {
            return Ok(number.parse::<f64>()? * factor);
        }
    }
    bail!("{text} is no time of wrk's")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_prints_is_read() {
        let text = "Running 3s test @ http://127.0.0.1:40639/token\n  Latency Distribution\n     50%  766.00us\n     \
                    75%   17.36ms\n     99%    1.20s \n  8967 requests in 3.01s, 6.51MB read\nRequests/sec:   2978.31\n";
        let said = read(text).unwrap();
        assert_eq!(said, Said { per_second: 2978.31, p50_ms: 0.766, p99_ms: 1_200.0 });
        assert!(read(&format!("{text}  Non-2xx or 3xx responses: 4\n")).is_err());
    }
}
