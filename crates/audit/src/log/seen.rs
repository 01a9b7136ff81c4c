//! The largest tree that this process saw signed. The database forgets what whoever alters it takes out; this does not.

use std::sync::{Arc, Mutex, PoisonError};

use translog::{Hash, KeyName};

/// A tree that was signed.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Of which log: another may begin while this process runs.
    pub(crate) origin: KeyName,
    pub(crate) size: i64,
    pub(crate) root: Hash,
}

/// The largest of all, for all that sign in this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct LargestSeen(Arc<Mutex<Option<Seen>>>);

impl LargestSeen {
    /// The largest of this log.
    pub(crate) fn of(&self, origin: &KeyName) -> Option<Seen> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clone().filter(|seen| seen.origin == *origin)
    }

    /// This one was signed.
    pub(crate) fn see(&self, signed: Seen) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_larger = seen
            .as_ref()
            .is_none_or(|seen| seen.origin != signed.origin || seen.size < signed.size);
        if is_larger {
            *seen = Some(signed);
        }
    }
}
