//! What a change may cost: dependencies, time, size. Shown beside what it costs; going over fails
//! nothing, but is there to be read.

use std::{fmt, fs, process::Command, time::Duration};

use anyhow::Context as _;

use crate::process::{output, root};

/// Packages in `Cargo.lock`.
const PACKAGES: u64 = 540;
/// Of a release build of `mandate` where nothing is built yet, on two cores.
const COLD_BUILD: Duration = Duration::from_mins(8);
/// Of the tests, with building them.
const TESTS: Duration = Duration::from_mins(35);
/// Of all that continuous integration runs.
const WHOLE: Duration = Duration::from_hours(1);
/// Pictures in `docs/pictures/`.
const PICTURES: u64 = 30;
/// Megabytes of these.
const PICTURE_MEGABYTES: u64 = 4;
/// Megabytes of all files that git tracks.
const MEGABYTES: u64 = 10;

/// One of the budgets.
struct Budget {
    of: &'static str,
    spent: u64,
    limit: u64,
    unit: &'static str,
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, spent, limit, unit } = self;
        write!(f, "{spent:>8} of {limit} {unit}  {of}")?;
        if spent > limit { f.write_str("  EXCEEDED") } else { Ok(()) }
    }
}

/// Prints all budgets. `cold_build`, if there was one, `tests` and `whole` is the time taken.
pub(crate) fn print(
    cold_build: Option<Duration>,
    tests: Duration,
    whole: Duration,
) -> anyhow::Result<()> {
    let minutes = |of, spent: Duration, limit: Duration| Budget {
        of,
        spent: spent.as_secs().div_ceil(60),
        limit: limit.as_secs() / 60,
        unit: "min",
    };
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("Cargo.lock")?;
    let of = "packages in Cargo.lock";
    let (pictures, picture_bytes) = tracked("docs/pictures/*.png")?;
    let budgets = [
        Budget { of, spent: packages(&lock), limit: PACKAGES, unit: "packages" },
        minutes("tests", tests, TESTS),
        minutes("the whole", whole, WHOLE),
        Budget { of: "pictures", spent: pictures, limit: PICTURES, unit: "pictures" },
        Budget {
            of: "pictures",
            spent: picture_bytes.div_ceil(1_000_000),
            limit: PICTURE_MEGABYTES,
            unit: "MB",
        },
        Budget {
            of: "files that git tracks",
            spent: tracked(".")?.1.div_ceil(1_000_000),
            limit: MEGABYTES,
            unit: "MB",
        },
    ];
    let cold_build =
        cold_build.map(|taken| minutes("a cold release build of mandate", taken, COLD_BUILD));
    for budget in cold_build.into_iter().chain(budgets) {
        println!("{budget}");
    }
    Ok(())
}

fn packages(lock: &str) -> u64 {
    lock.lines().filter(|line| *line == "[[package]]").map(|_| 1).sum()
}

/// How many files git tracks that fit, and their bytes.
fn tracked(pattern: &str) -> anyhow::Result<(u64, u64)> {
    let mut git = Command::new("git");
    let listed = output(git.args(["ls-files", "-z", "--", pattern]).current_dir(root()))?;
    let listed = String::from_utf8(listed)?;
    let names = listed.split('\0').filter(|name| !name.is_empty());
    // What is deleted and not yet committed costs nothing.
    let sizes = names.filter_map(|name| fs::metadata(root().join(name)).ok()).map(|it| it.len());
    Ok(sizes.fold((0, 0), |(files, bytes), size| (files + 1, bytes + size)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_exceeded_by_more_than_its_limit() {
        let budget = |spent| Budget { of: "tests", spent, limit: 35, unit: "min" }.to_string();
        assert_eq!(budget(35), "      35 of 35 min  tests");
        assert_eq!(budget(36), "      36 of 35 min  tests  EXCEEDED");
    }

    #[test]
    fn packages_are_counted_in_the_lock_file() {
        let lock =
            "version = 4\n\n[[package]]\nname = \"a\"\n\n[[package]]\nname = \"[[package]]\"\n";
        assert_eq!(packages(lock), 2);
    }
}
