//! What is said, as lines or as JSON ([`json`]), and the exit code.

mod json;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use contract::facts::LogKeyReplaced;
use translog::{Checkpoint, VerifierKey};

use crate::failure::{Audited, Check, Failure, Failures};
use crate::kept_hashes::Beside;
use crate::manifests::Checked;
use crate::printable::{printable, printable_json};
use crate::proven::Proven;
use crate::refused::Refused;
use crate::replacement::Replacement;
use crate::signature::{Signed, Trust};
use crate::succession::{Announced, Succession};
use crate::words::entries_in_words;

/// The exit code when the log could not be read.
const NOT_READ: u8 = 1;

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Passed,
    Failed,
    /// Nothing was kept to compare with.
    Needless,
    NotChecked,
}

/// What came out so far.
pub(crate) struct Outcome {
    audited: Audited,
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
    /// Why it could not be finished: all that kept it from that.
    stopped: Vec<String>,
    /// What nothing shows, though one could think that it was verified.
    notes: Vec<String>,
    ended_at: Option<u64>,
    kept_in: Option<PathBuf>,
    /// The event that a proof is of.
    proven: Option<Proven>,
    /// What the entries say of keys.
    succession: Succession,
}

impl Outcome {
    /// Nothing is known of what is at this place.
    pub(crate) fn new(place: String, audited: Audited) -> Self {
        Self {
            audited,
            place,
            checks: audited.checks().to_vec(),
            trust: None,
            signed: None,
            kept: None,
            kept_hashes: Beside::Nothing,
            streams: None,
            manifests: None,
            passed: Vec::new(),
            failures: Failures::default(),
            stopped: Vec::new(),
            notes: Vec::new(),
            ended_at: None,
            kept_in: None,
            proven: None,
            succession: Succession::default(),
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

    /// The key that signs now has signed this.
    pub(crate) fn signed(&mut self, signed: Signed) {
        let Checkpoint { origin, size, .. } = &signed.checkpoint;
        let what = format!("{origin} signed a checkpoint of {}", entries_in_words(*size));
        self.pass(Check::Signature, what);
        self.signed = Some(signed);
    }

    /// What the log must go on from, and what was beside it.
    pub(crate) fn keep(&mut self, kept: Checkpoint, beside: Beside) {
        self.kept = Some(kept);
        self.kept_hashes = beside;
    }

    /// The checkpoint that was kept.
    pub(crate) const fn kept(&self) -> Option<&Checkpoint> {
        self.kept.as_ref()
    }

    /// What was beside the checkpoint that was kept.
    pub(crate) const fn kept_hashes(&self) -> &Beside {
        &self.kept_hashes
    }

    /// How the key that is trusted leads to the one that signs now.
    pub(crate) fn replacements(&self) -> &[Replacement] {
        self.trust.as_ref().map_or(&[], |trust| &trust.replacements)
    }

    /// An entry says that a key was replaced.
    pub(crate) fn key_is_replaced(&mut self, index: u64, said: &LogKeyReplaced) {
        let (Some(trust), Some(signed)) = (&self.trust, &self.signed) else { return };
        if let Err(what) = self.succession.take(index, said, trust, signed) {
            self.fail(Failure::of_entry(Check::Signature, index, &what));
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

    /// Something could not be read, or not be compared: without a failure nothing is said against the log, and nothing
    /// for it.
    pub(crate) fn stop(&mut self, why: &str) {
        self.stopped.push(printable(why));
    }

    /// What was read; none, and why, if it could not be or is wrong.
    pub(crate) fn take<T>(&mut self, read: Result<T, Refused>) -> Option<T> {
        match read {
            Ok(read) => return Some(read),
            Err(Refused::Unreadable(why)) => self.stop(&why),
            Err(Refused::Wrong(failure)) => self.fail(failure),
        }
        None
    }

    /// Something that nothing shows.
    pub(crate) fn note(&mut self, what: String) {
        self.notes.push(what);
    }

    /// The entries after so many were not read, for what is wrong with the bundle.
    pub(crate) fn end_at(&mut self, entries: u64) {
        self.ended_at = Some(entries);
    }

    /// The proof is of this event.
    pub(crate) fn prove(&mut self, proven: Proven) {
        self.pass(Check::Streams, proven.to_string());
        self.proven = Some(proven);
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
            None if !self.stopped.is_empty() => NOT_READ,
            None => 0,
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, as_json: bool, out: &mut dyn Write) -> io::Result<()> {
        if as_json {
            let document = serde_json::to_string_pretty(&self.json())?;
            return writeln!(out, "{}", printable_json(&document));
        }
        // Each is a line by itself, whatever is in it: no text of others makes another line.
        for line in self.lines() {
            writeln!(out, "{}", printable(&line))?;
        }
        Ok(())
    }

    /// Writes what is wrong so far of this check, before the rest is known. That it cannot be written is no reason not to
    /// go on.
    pub(crate) fn write_failures_of(&self, check: Check, out: &mut dyn Write) {
        for failure in self.failures.of(check) {
            let _ = writeln!(out, "{}", printable(&line_of(failure)));
        }
        let _ = out.flush();
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self.lines_of_key();
        let what = match self.audited {
            Audited::Log => "Log at",
            Audited::Evidence => "Evidence in",
            Audited::Proof => "Proof in",
        };
        lines.push(format!("{what} {}", self.place));
        for check in self.checks.iter().copied() {
            self.lines_of(check, &mut lines);
        }
        if self.kept_hashes == Beside::Other {
            lines.push(
                "The hashes beside the kept checkpoint do not make its root: where a log differs is not told by them."
                    .to_owned(),
            );
        }
        if let Some(entries) = self.ended_at {
            lines.push(format!("Read up to entry {entries}: what comes after was not checked."));
        }
        lines.extend(self.notes.iter().map(|note| format!("Note: {note}")));
        lines.extend(self.stopped.iter().map(|why| format!("Not finished: {why}")));
        if let Some(file) = &self.kept_in {
            lines.push(format!("The checkpoint is kept in {}", file.display()));
        }
        lines.push(match self.exit_code() {
            0 => "All is well.".to_owned(),
            code => format!("Not verified (exit code {code})."),
        });
        lines
    }

    /// On whose word what was trusted.
    fn lines_of_key(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.trust {
            Some(Trust { key, is_given: true, .. }) => lines.push(format!("Key, as given: {key}")),
            Some(Trust { key, is_given: false, .. }) => lines.push(format!(
                "Trusted the key that {} itself names, which proves nothing against whoever {} it: {key}",
                if self.is_evidence() { "the evidence" } else { "the log" },
                if self.is_evidence() { "made" } else { "serves" }
            )),
            None => {}
        }
        for Replacement { index, new, .. } in self.replacements() {
            lines.push(format!(
                "That key was replaced: entry {} (index {index}), which it signed itself, names {new}",
                index + 1
            ));
        }
        if let Some(Announced { index, key }) = self.succession.announced() {
            lines.push(format!(
                "The key is being replaced: entry {} (index {index}) names {key}.",
                index + 1
            ));
        }
        lines.extend(self.advice());
        lines
    }

    /// Which key is to be given from now on, if it is another. Only a whole log shows it, and none that is not well.
    fn advice(&self) -> Option<String> {
        let announced = self.succession.announced().map(|it| &it.key);
        let newest =
            announced.or_else(|| self.newest_key().filter(|_| !self.replacements().is_empty()));
        let newest = newest?;
        if self.exit_code() != 0 {
            return Some("Take over no key that is named here: not all is well.".to_owned());
        }
        if self.audited != Audited::Log {
            let what = if self.is_evidence() { "Evidence" } else { "A proof" };
            return Some(format!(
                "{what} does not show that the log names no other. Take {newest} over once the log was verified, or from elsewhere."
            ));
        }
        let kept = if self.kept.is_some() && self.kept_in.is_none() {
            " What was kept before is verified with the one that was given now: keep a checkpoint anew first (--keep)."
        } else {
            ""
        };
        Some(format!("From now on give the newest with --key: {newest}.{kept}"))
    }

    /// What came out of a check.
    fn lines_of(&self, check: Check, lines: &mut Vec<String>) {
        let state = self.state(check);
        let passed = self.passed.iter().filter(|(it, _)| state == State::Passed && *it == check);
        lines.extend(passed.map(|(_, what)| format!("ok      {:<12} {what}", check.name())));
        lines.extend(self.failures.of(check).iter().map(line_of));
        let more = self.failures.left_out_of(check);
        if more > 0 {
            lines.push(format!("FAILED  {:<12} and {more} more", check.name()));
        }
        if state == State::NotChecked {
            lines.push(format!("-       {:<12} not checked", check.name()));
        }
    }

    fn is_evidence(&self) -> bool {
        self.audited == Audited::Evidence
    }

    fn state(&self, check: Check) -> State {
        if !self.failures.of(check).is_empty() {
            State::Failed
        } else if self.passed.iter().any(|(passed, _)| *passed == check) {
            State::Passed
        } else if check == Check::Consistency && self.signed.is_some() && self.kept.is_none() {
            State::Needless
        } else {
            State::NotChecked
        }
    }
}

fn line_of(failure: &Failure) -> String {
    format!("FAILED  {:<12} {failure}", failure.check.name())
}
