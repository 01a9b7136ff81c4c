//! What was found, and what nobody could find.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::deed::Kind;

/// What came of one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// It was covered by the kept checkpoint, or by a signature that could not be made anew: found, in its place.
    InItsPlace,
    /// No kept checkpoint covered it, and a manifest lists what is not there: found, and the manifest named.
    ByManifest,
    /// No kept checkpoint covered it, and it was found nevertheless: a stream has a hole, or a manifest does not go on
    /// from the one before.
    Nevertheless,
    /// No kept checkpoint covered it, and the log contradicts itself nowhere: nobody can prove it.
    CannotBeProven,
}

/// One round.
#[derive(Debug, Clone, Serialize)]
pub struct Round {
    /// What was done.
    pub kind: Kind,
    /// Whether all that follows was made anew, too.
    pub is_rewritten: bool,
    /// The first entry that it touched; none if it was no entry.
    pub entry: Option<u64>,
    /// How many entries the kept checkpoint covered.
    pub kept: u64,
    /// How many entries there were.
    pub size: u64,
    /// How old the kept checkpoint was when it was done.
    pub seconds: i64,
    /// Whether it was found.
    pub found: Found,
}

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What repeats it.
    pub seed: u64,
    /// How often the auditor verified a log to which nothing was done, without an alarm.
    pub clean_runs: usize,
    /// The rounds.
    pub rounds: Vec<Round>,
}

impl Report {
    /// How many rounds came out so.
    pub fn count(&self, found: Found) -> usize {
        self.rounds.iter().filter(|round| round.found == found).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} clean runs, and no alarm.", self.clean_runs)?;
        writeln!(
            f,
            "\n| sabotage | rounds | found in its place | found by a manifest | found though not covered | cannot be proven |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        let mut kinds: BTreeMap<Kind, Vec<&Round>> = BTreeMap::new();
        for round in &self.rounds {
            kinds.entry(round.kind).or_default().push(round);
        }
        for (kind, rounds) in kinds {
            let count = |found| rounds.iter().filter(|round| round.found == found).count();
            writeln!(
                f,
                "| {kind:?} | {} | {} | {} | {} | {} |",
                rounds.len(),
                count(Found::InItsPlace),
                count(Found::ByManifest),
                count(Found::Nevertheless),
                count(Found::CannotBeProven)
            )?;
        }
        writeln!(
            f,
            "\nOf {} rounds {} were found in their place, {} that no kept checkpoint covers were found nevertheless, and {} cannot be proven by anybody: what came after the last kept checkpoint.",
            self.rounds.len(),
            self.count(Found::InItsPlace),
            self.count(Found::ByManifest) + self.count(Found::Nevertheless),
            self.count(Found::CannotBeProven)
        )?;
        let entries = self.rounds.iter().map(|round| round.size - round.kept);
        let seconds = self.rounds.iter().map(|round| round.seconds);
        if let (Some(least), Some(most)) = (entries.clone().min(), entries.max())
            && let (Some(shortest), Some(longest)) = (seconds.clone().min(), seconds.max())
        {
            writeln!(
                f,
                "That window was {least} to {most} entries long, and {shortest} to {longest} seconds."
            )?;
        }
        Ok(())
    }
}
