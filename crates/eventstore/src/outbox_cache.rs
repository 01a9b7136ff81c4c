//! A write-through cache of the outbox: events that this process has just committed, for its relay to one
//! destination, which need not read them back.
//!
//! Only a shortcut. What is to be published is told by the outbox and nothing else; what is not here
//! (written by another process, from before a restart, or too much) is read from the tables.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::OutboxEvent;

/// At most so many are kept: some seconds' worth of a relay that cannot publish.
const KEPT: usize = 8192;

/// The events, by their seq.
#[derive(Debug, Default)]
pub(crate) struct OutboxCache {
    /// Whether the relay of this process leads. If not, nobody would take them.
    wanted: AtomicBool,
    events: Mutex<BTreeMap<i64, OutboxEvent>>,
}

impl OutboxCache {
    /// Begins or ends to keep events.
    pub(crate) fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::Relaxed);
        self.lock().clear();
    }

    /// Whether events should be put here.
    pub(crate) fn wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Keeps committed events, unless there are too many.
    pub(crate) fn put(&self, committed: impl IntoIterator<Item = OutboxEvent>) {
        let mut events = self.lock();
        for event in committed {
            if events.len() >= KEPT {
                return;
            }
            events.insert(event.seq, event);
        }
    }

    /// Takes those of these events that are here, and forgets all before the last of them, for whom
    /// nobody asked in their turn.
    pub(crate) fn take(&self, seqs: &[i64]) -> BTreeMap<i64, OutboxEvent> {
        let Some(last) = seqs.iter().max() else {
            return BTreeMap::new();
        };
        let mut events = self.lock();
        let after = events.split_off(&(last + 1));
        let mut taken = std::mem::replace(&mut *events, after);
        drop(events);
        let asked: HashSet<i64> = seqs.iter().copied().collect();
        taken.retain(|seq, _| asked.contains(seq));
        taken
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i64, OutboxEvent>> {
        // Whole entries in a map, whenever a panic strikes.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::audit_message::EventWithParts;

    fn event(seq: i64) -> OutboxEvent {
        OutboxEvent {
            seq,
            id: Uuid::nil(),
            organization: None,
            kind: "mandate.app.archived.v1".into(),
            stream_id: Uuid::nil(),
            content: EventWithParts { event: bytes::Bytes::new(), context: None, details: None },
        }
    }

    #[test]
    fn what_was_put_is_taken_once_and_what_was_passed_over_is_forgotten() {
        let cache = OutboxCache::default();
        cache.put((1..=4).map(event));
        let taken: Vec<_> = cache.take(&[2, 3, 9]).into_keys().collect();
        assert_eq!(taken, [2, 3]);
        assert!(cache.take(&[1, 2, 3, 4]).is_empty(), "4 came before 9");
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let cache = OutboxCache::default();
        cache.put((1..).take(KEPT + 10).map(event));
        assert_eq!(cache.lock().len(), KEPT);
    }

    #[test]
    fn whoever_does_not_lead_keeps_nothing() {
        let cache = OutboxCache::default();
        assert!(!cache.wanted());
        cache.want(true);
        cache.put([event(1)]);
        cache.want(false);
        assert!(cache.take(&[1]).is_empty());
    }
}
