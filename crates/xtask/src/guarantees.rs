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
    let commands = commands(&document);
    if commands.is_empty() {
        bail!("{DOCUMENT} has no command");
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

/// The commands in the last column of the table.
fn commands(document: &str) -> Vec<String> {
    let rows = document.lines().filter(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|code| code.starts_with("cargo "))
        .map(str::to_owned)
        .collect()
}

fn read(command: &str) -> anyhow::Result<Shown> {
    let mut words = command.split_whitespace().map(str::to_owned).skip(1);
    match words.next().as_deref() {
        Some("xtask") => Ok(Shown::Chore(words.collect())),
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
                if !tests.iter().any(|name| name.contains(filter.as_str())) {
                    bail!("no test is called …{filter}…");
                }
            }
        }
    }
    Ok(())
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
        let read: Vec<Shown> = commands(TABLE).iter().map(|it| read(it).unwrap()).collect();
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
        assert_eq!(wrong, Err("no test is called …crashes…".into()));
        assert!(found(tests("eventstore", Some("other"), &[])).is_err());
        assert!(found(tests("audit", None, &[])).is_err());
    }

    #[test]
    fn a_chore_that_there_is_not_is_wrong() {
        let chore = |words: &str| Shown::Chore(words.split(' ').map(str::to_owned).collect());
        assert!(check(&chore("faults --rounds 20 --seed 1"), &[]).is_ok());
        assert!(check(&chore("miracles --rounds 20"), &[]).is_err());
    }
}
