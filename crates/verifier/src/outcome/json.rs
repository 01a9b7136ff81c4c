//! The same as one JSON document.

use serde_json::{Value, json};
use translog::Checkpoint;

use super::{Outcome, State};
use crate::kept_hashes::Beside;

impl Outcome {
    pub(super) fn json(&self) -> Value {
        let checkpoint = |it: &Checkpoint| json!({ "origin": it.origin.as_str(), "size": it.size, "root": it.root.to_string() });
        let checks = self.checks.iter().map(|&check| {
            let outcome = match self.state(check) {
                State::Passed => "passed",
                State::Failed => "failed",
                State::Needless | State::NotChecked => "not_checked",
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
            "announced_key": self.succession.announced().map(|it| {
                json!({ "key": it.key.to_string(), "entry": it.index + 1, "index": it.index })
            }),
            "checkpoint": self.checkpoint().map(checkpoint),
            "event": self.proven.as_ref().filter(|_| self.exit_code() == 0),
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
            "not_finished_because":
                Some(self.stopped.join("; ")).filter(|_| !self.stopped.is_empty()),
            "notes": self.notes,
            "kept_in": self.kept_in.as_ref().map(|file| file.display().to_string()),
        })
    }
}
