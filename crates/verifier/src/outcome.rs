//! What is said, as lines or as JSON, and the exit code.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use contract::facts::LogKeyReplaced;
use serde_json::{Value, json};
use translog::{Checkpoint, Note, VerifierKey};

use crate::failure::{Check, Failure, Failures};
use crate::kept_hashes::Beside;
use crate::manifests::Checked;
use crate::replacement::Replacement;
use crate::signature::{Signed, Trust};

/// The exit code when the log could not be read.
const NOT_READ: u8 = 1;

/// What came out so far.
pub(crate) struct Outcome {
    place: String,
    /// What is checked: each of these is said to be well, wrong, or not checked.
    checks: Vec<Check>,
    trust: Option<Trust>,
    signed: Option<Signed>,
    kept: Option<Checkpoint>,
    kept_hashes: Beside,
    streams: Option<usize>,
    manifests: Option<Checked>,
    passed: Vec<(Check, String)>,
    pub(crate) failures: Failures,
    stopped: Option<String>,
    ended_at: Option<u64>,
    kept_in: Option<PathBuf>,
    /// What the log says of a key that is to come.
    announced: Option<String>,
}

impl Outcome {
    /// Nothing is known of the log at this place.
    pub(crate) fn new(place: String, checks: &[Check]) -> Self {
        Self {
            place,
            checks: checks.to_vec(),
            trust: None,
            signed: None,
            kept: None,
            kept_hashes: Beside::Nothing,
            streams: None,
            manifests: None,
            passed: Vec::new(),
            failures: Failures::default(),
            stopped: None,
            ended_at: None,
            kept_in: None,
            announced: None,
        }
    }

    /// This is checked, too.
    pub(crate) fn ask(&mut self, check: Check) {
        self.checks.push(check);
        self.checks.sort_unstable();
        self.checks.dedup();
    }

    /// The key that signs now, as far as the one that is trusted leads to it.
    pub(crate) fn newest_key(&self) -> Option<&VerifierKey> {
        self.trust.as_ref().map(Trust::newest)
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

    /// How the key that is trusted leads to the one that signs now.
    pub(crate) fn replacements(&self) -> &[Replacement] {
        self.trust.as_ref().map_or(&[], |trust| &trust.replacements)
    }

    /// An entry says that a key was replaced. If it is the one by which the log was verified, the new one must have
    /// signed as well: whoever has stolen the old one signs by that alone.
    pub(crate) fn key_is_replaced(&mut self, index: u64, said: &LogKeyReplaced) {
        let (Some(trust), Some(signed)) = (&self.trust, &self.signed) else { return };
        if trust.newest().to_string() != said.replaced_verifier_key {
            return;
        }
        let new = said.verifier_key.parse::<VerifierKey>();
        let signed_too = new.is_ok_and(|new| {
            Note::parse(&signed.note).is_ok_and(|note| note.verify(&[new]).is_ok())
        });
        if signed_too {
            let new = &said.verifier_key;
            self.announced = Some(format!(
                "The key is being replaced: entry {} (index {index}) names {new}. Give that with --key from now on.",
                index + 1
            ));
        } else {
            self.fail(Failure::of_entry(
                Check::Signature,
                index,
                &format!(
                    "it says that the key was replaced by {}, and the checkpoint is signed by the old one alone",
                    said.verifier_key
                ),
            ));
        }
    }

    pub(crate) fn checkpoint(&self) -> Option<&Checkpoint> {
        self.signed.as_ref().map(|signed| &signed.checkpoint)
    }

    pub(crate) fn count_streams(&mut self, count: usize) {
        self.streams = Some(count);
    }

    pub(crate) fn count_manifests(&mut self, checked: Checked) {
        self.manifests = Some(checked);
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
            Some(Trust { key, is_given: true, .. }) => writeln!(out, "Key, as given: {key}")?,
            Some(Trust { key, is_given: false, .. }) => writeln!(
                out,
                "Trusted the key that {} itself names, which proves nothing against whoever {} it: {key}",
                if self.is_evidence() { "the evidence" } else { "the log" },
                if self.is_evidence() { "made" } else { "serves" }
            )?,
            None => {}
        }
        for Replacement { index, new, .. } in self.replacements() {
            writeln!(
                out,
                "That key was replaced: entry {} (index {index}), which it signed itself, names {new}",
                index + 1
            )?;
        }
        if let (Some(trust), false) = (&self.trust, self.replacements().is_empty()) {
            writeln!(out, "From now on give the newest with --key: {}", trust.newest())?;
        }
        if let Some(announced) = &self.announced {
            writeln!(out, "{announced}")?;
        }
        let what = if self.is_evidence() { "Evidence in" } else { "Log at" };
        writeln!(out, "{what} {}", self.place)?;
        for check in self.checks.iter().copied() {
            let has_passed = self.failures.of(check).is_empty();
            let passed = self.passed.iter().filter(|(passed, _)| has_passed && *passed == check);
            for (_, what) in passed {
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

    fn is_evidence(&self) -> bool {
        self.checks.contains(&Check::Evidence)
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
        let checks = self.checks.iter().map(|&check| {
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
        let replaced = self.replacements().iter().map(|it| {
            json!({ "key": it.old.to_string(), "by": it.new.to_string(), "entry": it.index + 1, "index": it.index })
        });
        json!({
            "verified": self.exit_code() == 0,
            "exit_code": self.exit_code(),
            "log": self.place,
            "key": self.trust.as_ref().map(|trust| trust.key.to_string()),
            "key_is_given": self.trust.as_ref().map(|trust| trust.is_given),
            "replaced_keys": replaced.collect::<Vec<_>>(),
            "checkpoint": self.checkpoint().map(checkpoint),
            "kept_checkpoint": self.kept.as_ref().map(checkpoint),
            "kept_hashes": match &self.kept_hashes {
                Beside::Nothing => "not_there",
                Beside::Other => "of_another_root",
                Beside::Hashes(_) => "used",
            },
            "streams": self.streams,
            "manifests": self.manifests,
            "checks": checks.collect::<Vec<_>>(),
            "ended_after_entry": self.ended_at,
            "not_finished_because": self.stopped,
            "kept_in": self.kept_in.as_ref().map(|file| file.display().to_string()),
        })
    }
}
