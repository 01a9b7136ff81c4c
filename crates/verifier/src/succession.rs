//! Which key came after which, as the entries tell it, held against the way by which the key that is trusted leads to the
//! one that signs now. Whoever has stolen a key that was replaced can sign by that, also that another came after it; but
//! not in a log that has the entry by which it was replaced in truth, as one has that goes on from a checkpoint over it.

use std::collections::HashMap;

use contract::facts::LogKeyReplaced;
use translog::VerifierKey;

use crate::signature::{MAX_REPLACEMENTS, Signed, Trust};

/// A key that signs beside those that are known, and comes after them.
#[derive(Debug, Clone)]
pub(crate) struct Announced {
    /// The entry that names it, counted from 0.
    pub(crate) index: u64,
    pub(crate) key: VerifierKey,
}

/// The replacements of keys among the entries, as they come.
#[derive(Debug, Default)]
pub(crate) struct Succession {
    /// Of each key that was replaced, by its text, the entry that says so.
    said: HashMap<String, u64>,
    /// The newest key that the entries lead to, if it is not the one by which the log was verified.
    announced: Option<Announced>,
}

impl Succession {
    /// The newest key that the entries lead to, if it is not the one by which the log was verified.
    pub(crate) const fn announced(&self) -> Option<&Announced> {
        self.announced.as_ref()
    }

    /// Takes the next entry that says that a key was replaced.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn take(
        &mut self,
        index: u64,
        said: &LogKeyReplaced,
        trust: &Trust,
        signed: &Signed,
    ) -> Result<(), String> {
        let LogKeyReplaced { verifier_key: new, replaced_verifier_key: old, .. } = said;
        if let Some(before) = self.said.get(old) {
            let entry = before + 1;
            return Err(format!(
                "it says that the key {old} was replaced by {new}, and entry {entry} (index {before}) says already by which it was"
            ));
        }
        if self.said.len() >= MAX_REPLACEMENTS {
            return Err(format!("it is one of over {MAX_REPLACEMENTS} replacements of a key"));
        }
        self.said.insert(old.clone(), index);
        let led = trust.replacements.iter().find(|it| it.old.to_string() == *old);
        if let Some(led) = led {
            let is_the_same = led.index == index && led.new.to_string() == *new;
            return if is_the_same {
                Ok(())
            } else {
                Err(format!(
                    "it says that the key {old} was replaced by {new}, and the log's file `key-replacement/{}` says by {}",
                    led.old.id(),
                    led.new
                ))
            };
        }
        let newest = self.announced.as_ref().map_or(trust.newest(), |it| &it.key);
        if newest.to_string() != *old {
            return Ok(());
        }
        // Whoever has stolen the old key signs by that alone.
        let key = new.parse::<VerifierKey>().ok();
        let key = key.filter(|key| signed.parsed.verify(std::slice::from_ref(key)).is_ok());
        let Some(key) = key else {
            return Err(format!(
                "it says that the key {old} was replaced by {new}, and the new one has not signed the checkpoint"
            ));
        };
        self.announced = Some(Announced { index, key });
        Ok(())
    }
}
