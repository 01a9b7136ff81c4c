//! `cargo xtask cold-build`: how long a newcomer waits for `mandate`, and for which crates.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use serde::Deserialize;

use crate::process::{cargo, run as run_command, target};

/// How many of the slowest crates are told.
const SLOWEST: usize = 10;

/// Where cargo's report has the list of what it built. It is made for its own page: where it is written otherwise
/// one day, no crates are told.
const LIST: &str = "const UNIT_DATA = ";

/// One step of a build: a crate, or a part of one.
#[derive(Debug, Deserialize)]
struct Unit {
    name: String,
    target: String,
    duration: f64,
}

/// Builds `mandate` as `cargo run --release` does on a machine where nothing is built yet, tells the crates that took
/// longest, and gives the time of all.
pub(crate) fn run() -> anyhow::Result<Duration> {
    let folder = target("cold");
    remove(&folder)?;
    let since = Instant::now();
    let mut build = cargo(&["build", "--release", "--package", "mandate", "--timings", "--quiet"]);
    run_command(build.arg("--target-dir").arg(&folder))?;
    let taken = since.elapsed();
    let report = folder.join("cargo-timings/cargo-timing.html");
    let page = fs::read_to_string(&report).with_context(|| report.display().to_string())?;
    for unit in slowest(&page) {
        println!("{:>8.1} s  {}{}", unit.duration, unit.name, unit.target);
    }
    println!("{:>8.1} s  a cold release build of mandate", taken.as_secs_f64());
    remove(&folder)?;
    Ok(taken)
}

/// The steps that took longest, of cargo's report.
fn slowest(page: &str) -> Vec<Unit> {
    let list = page.split_once(LIST).map_or("", |(_, rest)| rest);
    let mut lists = serde_json::Deserializer::from_str(list).into_iter::<Vec<Unit>>();
    let mut units = lists.next().and_then(Result::ok).unwrap_or_default();
    units.sort_by(|one, other| other.duration.total_cmp(&one.duration));
    units.truncate(SLOWEST);
    units
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_steps_come_first_and_another_report_tells_none() {
        let unit = |name, duration| {
            format!(r#"{{"i": 0, "name": "{name}", "target": "", "duration": {duration}}}"#)
        };
        let all: Vec<String> = (0..20).map(|number| unit("quick", number)).collect();
        let page = format!("<script>\n{LIST}[{}, {}];\nlet x;", unit("slow", 99), all.join(","));
        let told: Vec<_> = slowest(&page).into_iter().map(|it| (it.name, it.duration)).collect();
        assert_eq!(told.len(), SLOWEST);
        assert_eq!(told[0], ("slow".to_owned(), 99.0));
        assert_eq!(told[1], ("quick".to_owned(), 19.0));
        assert!(slowest("<html></html>").is_empty());
        assert!(slowest(&format!("{LIST}oops")).is_empty());
    }
}
