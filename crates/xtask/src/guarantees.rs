//! The commands of `docs/guarantees.md`: each must find a test, so that no promise is shown by a
//! command that runs nothing since a test was renamed.
//!
//! The test programs are those that `cargo xtask test` has built, asked for their lists. Each filter
//! of a command must match by itself. Commands of `cargo xtask` must be ones that it understands.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, bail};
use clap::Parser as _;
use serde::Deserialize;

use crate::{
    Arguments,
    packages::packages,
    process::{cargo, output, root},
};

/// The document.
const DOCUMENT: &str = "docs/guarantees.md";

/// A command that shows a promise.
#[derive(Debug, PartialEq, Eq)]
enum Shown {
    Tests { package: String, test: Option<String>, filters: Vec<String> },
    Chore(Vec<String>),
}

/// A program of tests.
#[derive(Debug)]
struct Program {
    package: String,
    target: String,
    /// The names of its tests, a line each.
    tests: String,
}

/// Fails when a command of the document finds no test.
pub(crate) fn run() -> anyhow::Result<()> {
    let document = fs::read_to_string(root().join(DOCUMENT)).context(DOCUMENT)?;
    let (commands, bare) = commands(&document);
    if commands.is_empty() {
        bail!("{DOCUMENT} has no command");
    }
    if !bare.is_empty() {
        bail!("promises of {DOCUMENT} without a command:\n  {}", bare.join("\n  "));
    }
    let programs = programs()?;
    let wrong: Vec<String> = commands
        .iter()
        .filter_map(|command| {
            let error = read(command).and_then(|shown| check(&shown, &programs)).err()?;
            Some(format!("`{command}`: {error:#}"))
        })
        .collect();
    if wrong.is_empty() {
        println!("{} commands of {DOCUMENT} find their tests", commands.len());
        return Ok(());
    }
    bail!("commands of {DOCUMENT} that show nothing:\n  {}", wrong.join("\n  "))
}

/// The commands in the last column of the table; and the first column of the rows that have none.
fn commands(document: &str) -> (Vec<String>, Vec<String>) {
    let (mut commands, mut bare) = (Vec::new(), Vec::new());
    // Below the heads of the columns and the line under them.
    for row in document.lines().filter(|line| line.starts_with('|')).skip(2) {
        let cells = row.trim_matches('|');
        let cell = cells.rsplit('|').next().unwrap_or_default();
        let codes = cell.split('`').skip(1).step_by(2);
        let found: Vec<_> = codes.filter(|code| code.starts_with("cargo ")).collect();
        if found.is_empty() {
            bare.extend(cells.split('|').next().map(|promise| promise.trim().to_owned()));
        }
        commands.extend(found.into_iter().map(str::to_owned));
    }
    (commands, bare)
}

fn read(command: &str) -> anyhow::Result<Shown> {
    let mut words = command.split_whitespace().map(str::to_owned).skip(1);
    let mut first = words.next();
    if first.as_deref() == Some("xtask") {
        match words.next() {
            // What `cargo test` does, with servers that were fetched before.
            Some(word) if word == "test" => first = Some(word),
            chore => return Ok(Shown::Chore(chore.into_iter().chain(words).collect())),
        }
    }
    match first.as_deref() {
        Some("test") => {
            let (mut package, mut test, mut filters) = (None, None, Vec::new());
            while let Some(word) = words.next() {
                match word.as_str() {
                    "-p" | "--package" => package = words.next(),
                    "--test" => test = words.next(),
                    "--" => filters.extend(words.by_ref()),
                    other => bail!("{other} is not understood"),
                }
            }
            Ok(Shown::Tests { package: package.context("it names no package")?, test, filters })
        }
        _ => bail!("neither a test nor a chore"),
    }
}

fn check(shown: &Shown, programs: &[Program]) -> anyhow::Result<()> {
    match shown {
        Shown::Chore(words) => {
            let words = ["cargo xtask"].into_iter().chain(words.iter().map(String::as_str));
            Arguments::try_parse_from(words)?;
        }
        Shown::Tests { package, test, filters } => {
            let tests: Vec<&str> = programs
                .iter()
                .filter(|it| it.package == *package)
                .filter(|it| test.as_ref().is_none_or(|test| it.target == *test))
                .flat_map(|it| it.tests.lines())
                .collect();
            if tests.is_empty() {
                bail!("there are no such tests");
            }
            for filter in filters {
                if !tests.iter().any(|name| is_in_module(name, filter)) {
                    bail!("no module is called {filter}");
                }
            }
        }
    }
    Ok(())
}

/// Whether a test is in this module: `up` is not found by `upgrade::…`, nor by a test called `…_up_…`.
fn is_in_module(test: &str, module: &str) -> bool {
    test.starts_with(&format!("{module}::")) || test.contains(&format!("::{module}::"))
}

/// A line of what cargo says of a build.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    profile: Option<Profile>,
    manifest_path: Option<PathBuf>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    /// Whether it is a program of tests, and no example.
    test: bool,
}

/// All programs of tests of the workspace, built as `cargo xtask test` builds them, so that after it
/// nothing is built anew.
fn programs() -> anyhow::Result<Vec<Program>> {
    let names: BTreeMap<PathBuf, String> =
        packages()?.into_iter().map(|package| (package.manifest, package.name)).collect();
    let mut build = cargo(&["test", "--workspace", "--no-run", "--quiet"]);
    let messages = output(build.args(["--message-format", "json"]))?;
    let mut programs = Vec::new();
    for line in String::from_utf8(messages)?.lines() {
        let message: Message = serde_json::from_str(line)?;
        if let Message {
            target: Some(target),
            profile: Some(Profile { test: true }),
            manifest_path: Some(path),
            executable: Some(program),
        } = message
            && let Some(package) = names.get(&path)
        {
            let mut list = Command::new(&program);
            let tests = String::from_utf8(output(list.args(["--list", "--format", "terse"]))?)?;
            programs.push(Program { package: package.clone(), target: target.name, tests });
        }
    }
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "Text with `cargo test -p no`.\n\
        | promise | under | the command that shows it |\n|---|---|---|\n\
        | `x` | `cargo no` | `cargo test -p eventstore --test it -- append crashes` |\n\
        | y | z | `cargo xtask faults --rounds 20`; a short run: `cargo test -p faults` |\n";

    fn tests(package: &str, test: Option<&str>, filters: &[&str]) -> Shown {
        Shown::Tests {
            package: package.to_owned(),
            test: test.map(str::to_owned),
            filters: filters.iter().map(|filter| (*filter).to_owned()).collect(),
        }
    }

    #[test]
    fn the_commands_are_those_of_the_last_column() {
        let read: Vec<Shown> = commands(TABLE).0.iter().map(|it| read(it).unwrap()).collect();
        let chore = ["faults", "--rounds", "20"].map(str::to_owned).to_vec();
        assert_eq!(
            read,
            [
                tests("eventstore", Some("it"), &["append", "crashes"]),
                Shown::Chore(chore),
                tests("faults", None, &[]),
            ]
        );
    }

    #[test]
    fn a_command_is_wrong_when_one_of_its_filters_finds_nothing() {
        let programs = [Program {
            package: "eventstore".into(),
            target: "it".into(),
            tests: "append::commits: test\nlosses::heals: test\n".into(),
        }];
        let found = |shown| check(&shown, &programs).map_err(|error| error.to_string());
        assert_eq!(found(tests("eventstore", Some("it"), &["append", "losses"])), Ok(()));
        let wrong = found(tests("eventstore", None, &["append", "crashes"]));
        assert_eq!(wrong, Err("no module is called crashes".into()));
        assert!(found(tests("eventstore", Some("other"), &[])).is_err());
        assert!(found(tests("audit", None, &[])).is_err());
    }

    #[test]
    fn a_filter_is_a_module() {
        assert!(is_in_module("up::starts: test", "up"));
        assert!(is_in_module("journeys::up::starts: test", "up"));
        assert!(!is_in_module("upgrade::starts: test", "up"));
        assert!(!is_in_module("backup::starts: test", "up"));
    }

    #[test]
    fn a_row_without_a_command_is_told() {
        assert_eq!(commands(TABLE).1, [""; 0]);
        let document = format!("{TABLE}| silence | always | trust us, `really` |\n");
        assert_eq!(commands(&document).1, ["silence"]);
    }

    #[test]
    fn the_tests_by_xtask_are_tests() {
        let command = "cargo xtask test -p journeys --test it -- plans";
        assert_eq!(read(command).unwrap(), tests("journeys", Some("it"), &["plans"]));
    }

    #[test]
    fn a_chore_that_there_is_not_is_wrong() {
        let chore = |words: &str| Shown::Chore(words.split(' ').map(str::to_owned).collect());
        assert!(check(&chore("faults --rounds 20 --seed 1"), &[]).is_ok());
        assert!(check(&chore("miracles --rounds 20"), &[]).is_err());
    }
}
