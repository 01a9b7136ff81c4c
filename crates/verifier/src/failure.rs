//! What is wrong with a log, and where exactly.

use std::fmt;
use std::ops::Range;

use serde::Serialize;
use translog::Resource;

use crate::printable::cut;

/// So many failures of a check are listed, and the rest is counted: where one entry is missing, all after it
/// are in the wrong place.
const LISTED: usize = 20;
/// So many characters of what is wrong are said: an entry has up to 65,535.
const LONGEST: usize = 500;

/// What is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audited {
    /// A whole log.
    Log,
    /// Evidence of some of its entries.
    Evidence,
    /// The proof of one of them.
    Proof,
}

impl Audited {
    /// What is checked of it: of evidence manifests besides, if it has any.
    pub(crate) const fn checks(self) -> &'static [Check] {
        use Check::{Consistency, Evidence, Manifests, Signature, Streams, Tree};
        match self {
            Self::Log => &[Signature, Tree, Consistency, Streams, Manifests],
            Self::Evidence => &[Signature, Tree, Consistency, Streams, Evidence],
            Self::Proof => &[Signature, Tree, Streams],
        }
    }
}

/// What is checked, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Check {
    /// The log signed what it serves.
    Signature,
    /// The entries and the tiles are those of the signed root.
    Tree,
    /// The log goes on from the checkpoint that was kept.
    Consistency,
    /// Every entry is an event, every stream has its versions without a hole, and every id is there once.
    Streams,
    /// What the services said that they have recorded is in the log.
    Manifests,
    /// What the database has beside the entries is what they say.
    Index,
    /// What evidence says of itself is what its entries say.
    Evidence,
}

impl Check {
    pub(crate) const ALL: [Self; 7] = [
        Self::Signature,
        Self::Tree,
        Self::Consistency,
        Self::Streams,
        Self::Manifests,
        Self::Index,
        Self::Evidence,
    ];

    /// The exit code when it is the first that fails.
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Signature => 2,
            Self::Tree => 3,
            Self::Consistency => 4,
            Self::Streams => 5,
            Self::Manifests => 6,
            Self::Index => 7,
            Self::Evidence => 8,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Tree => "tree",
            Self::Consistency => "consistency",
            Self::Streams => "streams",
            Self::Manifests => "manifests",
            Self::Index => "index",
            Self::Evidence => "evidence",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    pub(crate) check: Check,
    /// The entry, counted from 1 as everywhere in the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    /// The same, counted from 0 as in proofs and tiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    /// The last entry, counted from 1, where it is several.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_entry: Option<u64>,
    /// The file below the log's prefix, or the one that was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    what: String,
}

impl Failure {
    /// Something is wrong with this entry, counted from 0.
    pub(crate) fn of_entry(check: Check, index: u64, what: &str) -> Self {
        Self::of_entries(check, index..index + 1, what)
    }

    /// Something is wrong with these entries, counted from 0.
    pub(crate) fn of_entries(check: Check, indices: Range<u64>, what: &str) -> Self {
        let (entry, index) = (Some(indices.start + 1), Some(indices.start));
        let last_entry = Some(indices.end).filter(|last| *last > indices.start + 1);
        Self { check, entry, index, last_entry, file: None, what: printable(what) }
    }

    /// Something is wrong with this tile or bundle.
    pub(crate) fn of_resource(resource: Resource, what: &str) -> Self {
        Self::of_file(Check::Tree, &resource.to_string(), what)
    }

    /// Something is wrong with this file.
    pub(crate) fn of_file(check: Check, file: &str, what: &str) -> Self {
        let file = Some(printable(file));
        Self { check, entry: None, index: None, last_entry: None, file, what: printable(what) }
    }

    /// The same, with this to be said of it, too.
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.what = printable(&format!("{}; {more}", self.what));
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.entry, self.index, self.last_entry) {
            (Some(entry), Some(index), None) => write!(f, "entry {entry} (index {index}): ")?,
            (Some(entry), Some(index), Some(last)) => {
                write!(f, "entries {entry} to {last} (index {index} to {}): ", last - 1)?;
            }
            _ => {}
        }
        if let Some(file) = &self.file {
            write!(f, "{file}: ")?;
        }
        f.write_str(&self.what)
    }
}

/// The text as it is printed, cut to what can be read: a log says it.
fn printable(text: &str) -> String {
    cut(text, LONGEST)
}

/// All that is wrong: of each check the first ones, and how many more.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    listed: [Vec<Failure>; Check::ALL.len()],
    left_out: [u64; Check::ALL.len()],
}

impl Failures {
    pub(crate) fn push(&mut self, failure: Failure) {
        let check = failure.check;
        // What is found twice is one thing that is wrong.
        if self.listed[check as usize].contains(&failure) {
            return;
        }
        if self.listed[check as usize].len() < LISTED {
            self.listed[check as usize].push(failure);
        } else {
            self.leave_out(check, 1);
        }
    }

    /// So many more are wrong, which nobody looked at one by one.
    pub(crate) fn leave_out(&mut self, check: Check, count: u64) {
        self.left_out[check as usize] += count;
    }

    /// Those of this check that are listed.
    pub(crate) fn of(&self, check: Check) -> &[Failure] {
        &self.listed[check as usize]
    }

    /// How many more of this check there are.
    pub(crate) fn left_out_of(&self, check: Check) -> u64 {
        self.left_out[check as usize]
    }

    /// The first check that failed.
    pub(crate) fn first(&self) -> Option<Check> {
        Check::ALL.into_iter().find(|check| !self.of(*check).is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_named_by_both_its_numbers_and_commands_no_terminal() {
        let failure = Failure::of_entry(Check::Streams, 4710, "of \u{1b}[2J\nkind ü");
        let text = failure.to_string();
        assert_eq!(text, "entry 4711 (index 4710): of \\u{1b}[2J\\nkind ü");
        let several = Failure::of_entries(Check::Consistency, 4608..4864, "are not");
        assert_eq!(several.to_string(), "entries 4609 to 4864 (index 4608 to 4863): are not");
        let long = Failure::of_entry(Check::Streams, 0, &"x".repeat(60_000));
        assert_eq!(long.what.len(), LONGEST);
    }

    #[test]
    fn the_first_check_that_failed_says_the_exit_code_whatever_was_found_first() {
        let mut failures = Failures::default();
        assert_eq!(failures.first(), None);
        for index in 0..LISTED as u64 + 3 {
            failures.push(Failure::of_entry(Check::Streams, index, "is none"));
        }
        failures.push(Failure::of_file(Check::Tree, "tile/0/000", "is not there"));
        assert_eq!(failures.first().map(Check::exit_code), Some(3));
        assert_eq!(failures.of(Check::Streams).len(), LISTED);
        assert_eq!(failures.left_out_of(Check::Streams), 3);
    }
}
