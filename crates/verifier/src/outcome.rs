//! What is said, as lines or as JSON, and the exit code.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use translog::Checkpoint;

use crate::failure::{Check, Failure, Failures};
use crate::kept_hashes::Beside;
use crate::signature::{Signed, Trust};

/// The exit code when the log could not be read.
const NOT_READ: u8 = 1;

/// What came out so far.
pub(crate) struct Outcome {
    place: String,
    trust: Option<Trust>,
    signed: Option<Signed>,
    kept: Option<Checkpoint>,
    kept_hashes: Beside,
    streams: Option<usize>,
    passed: Vec<(Check, String)>,
    pub(crate) failures: Failures,
    stopped: Option<String>,
    ended_at: Option<u64>,
    kept_in: Option<PathBuf>,
}

impl Outcome {
    /// Nothing is known of the log at this place.
    pub(crate) fn new(place: String) -> Self {
        Self {
            place,
            trust: None,
            signed: None,
            kept: None,
            kept_hashes: Beside::Nothing,
            streams: None,
            passed: Vec::new(),
            failures: Failures::default(),
            stopped: None,
            ended_at: None,
            kept_in: None,
        }
    }

    pub(crate) fn trust(&mut self, trust: Trust) {
        self.trust = Some(trust);
    }

    pub(crate) fn signed(&mut self, signed: Signed, kept: Option<Checkpoint>, beside: Beside) {
        self.signed = Some(signed);
        self.kept = kept;
        self.kept_hashes = beside;
    }

    /// What was beside the checkpoint that was kept.
    pub(crate) const fn kept_hashes(&self) -> &Beside {
        &self.kept_hashes
    }

    pub(crate) fn checkpoint(&self) -> Option<&Checkpoint> {
        self.signed.as_ref().map(|signed| &signed.checkpoint)
    }

    pub(crate) fn count_streams(&mut self, count: usize) {
        self.streams = Some(count);
    }

    /// A check came to its end. It has passed unless something failed it.
    pub(crate) fn pass(&mut self, check: Check, what: String) {
        if self.failures.of(check).is_empty() {
            self.passed.push((check, what));
        }
    }

    /// Something is wrong.
    pub(crate) fn fail(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    /// The log cannot be read any further.
    pub(crate) fn stop(&mut self, why: String) {
        self.stopped = Some(why);
    }

    pub(crate) const fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// The entries after so many were not read, for what is wrong with the bundle.
    pub(crate) fn end_at(&mut self, entries: u64) {
        self.ended_at = Some(entries);
    }

    /// The checkpoint was kept here.
    pub(crate) fn kept_in(&mut self, file: &Path) {
        self.kept_in = Some(file.to_owned());
    }

    /// The signed note, when all is well.
    pub(crate) fn verified_note(&self) -> Option<&[u8]> {
        let signed = self.signed.as_ref().filter(|_| self.exit_code() == 0);
        signed.map(|signed| &*signed.note)
    }

    /// See the help of the command.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.failures.first() {
            Some(check) => check.exit_code(),
            None if self.is_stopped() => NOT_READ,
            None => 0,
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, as_json: bool, out: &mut dyn Write) -> io::Result<()> {
        if as_json {
            serde_json::to_writer_pretty(&mut *out, &self.json())?;
            return writeln!(out);
        }
        match &self.trust {
            Some(Trust { key, is_given: true }) => writeln!(out, "Key, as given: {key}")?,
            Some(Trust { key, is_given: false }) => writeln!(
                out,
                "Trusted the key that the log itself names, which proves nothing against whoever serves it: {key}"
            )?,
            None => {}
        }
        writeln!(out, "Log at {}", self.place)?;
        for check in Check::ALL {
            for (_, what) in self.passed.iter().filter(|(passed, _)| *passed == check) {
                writeln!(out, "ok      {:<12} {what}", check.name())?;
            }
            for failure in self.failures.of(check) {
                writeln!(out, "FAILED  {:<12} {failure}", check.name())?;
            }
            let more = self.failures.left_out_of(check);
            if more > 0 {
                writeln!(out, "FAILED  {:<12} and {more} more", check.name())?;
            }
            if !self.is_done(check) {
                writeln!(out, "-       {:<12} not checked", check.name())?;
            }
        }
        if self.kept_hashes == Beside::Other {
            writeln!(
                out,
                "The hashes beside the kept checkpoint do not make its root: where a log differs is not told by them."
            )?;
        }
        if let Some(entries) = self.ended_at {
            writeln!(out, "Read up to entry {entries}: what comes after was not checked.")?;
        }
        if let Some(why) = &self.stopped {
            writeln!(out, "Not finished: {why}")?;
        }
        if let Some(file) = &self.kept_in {
            writeln!(out, "The checkpoint is kept in {}", file.display())?;
        }
        match self.exit_code() {
            0 => writeln!(out, "All is well."),
            code => writeln!(out, "Not verified (exit code {code})."),
        }
    }

    /// Whether the check came to an end, or need not: nothing was kept to compare with.
    fn is_done(&self, check: Check) -> bool {
        let needless = check == Check::Consistency && self.signed.is_some() && self.kept.is_none();
        needless
            || !self.failures.of(check).is_empty()
            || self.passed.iter().any(|(passed, _)| *passed == check)
    }

    fn json(&self) -> Value {
        let checkpoint = |it: &Checkpoint| json!({ "origin": it.origin.as_str(), "size": it.size, "root": it.root.to_string() });
        let checks = Check::ALL.into_iter().map(|check| {
            let outcome = if !self.failures.of(check).is_empty() {
                "failed"
            } else if self.passed.iter().any(|(passed, _)| *passed == check) {
                "passed"
            } else {
                "not_checked"
            };
            json!({
                "check": check,
                "outcome": outcome,
                "failures": self.failures.of(check),
                "failures_left_out": self.failures.left_out_of(check),
            })
        });
        json!({
            "verified": self.exit_code() == 0,
            "exit_code": self.exit_code(),
            "log": self.place,
            "key": self.trust.as_ref().map(|trust| trust.key.to_string()),
            "key_is_given": self.trust.as_ref().map(|trust| trust.is_given),
            "checkpoint": self.checkpoint().map(checkpoint),
            "kept_checkpoint": self.kept.as_ref().map(checkpoint),
            "kept_hashes": match &self.kept_hashes {
                Beside::Nothing => "not_there",
                Beside::Other => "of_another_root",
                Beside::Hashes(_) => "used",
            },
            "streams": self.streams,
            "checks": checks.collect::<Vec<_>>(),
            "ended_after_entry": self.ended_at,
            "not_finished_because": self.stopped,
            "kept_in": self.kept_in.as_ref().map(|file| file.display().to_string()),
        })
    }
}
