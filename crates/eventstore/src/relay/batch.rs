//! What one turn publishes together.

use std::collections::{BTreeSet, HashSet};

use crate::store::{OutboxEvent, OutboxRow, PUBLISHED_AT_ONCE};

/// What is published together: some rows of the outbox and their events.
#[derive(Default)]
pub(super) struct Batch {
    rows: Vec<OutboxRow>,
    /// In the order of their sequence numbers: a stream's events in the order of their versions.
    pub(super) events: Vec<OutboxEvent>,
}

impl Batch {
    pub(super) fn has_room_for(&self, row: &OutboxRow) -> bool {
        let so_far: usize = self.rows.iter().map(|row| row.seqs.len()).sum();
        self.rows.is_empty() || so_far + row.seqs.len() <= PUBLISHED_AT_ONCE
    }

    pub(super) fn add(&mut self, row: OutboxRow) {
        self.rows.push(row);
    }

    pub(super) fn seqs(&self) -> Vec<i64> {
        self.rows.iter().flat_map(|row| &row.seqs).copied().collect()
    }

    pub(super) fn rows(&self) -> Vec<i64> {
        self.rows.iter().map(|row| row.id).collect()
    }

    /// What was not acknowledged, in its order and each once.
    pub(super) fn left(&self, acknowledged: &[i64]) -> Vec<i64> {
        let acknowledged: HashSet<i64> = acknowledged.iter().copied().collect();
        let all: BTreeSet<i64> = self.seqs().into_iter().collect();
        let left = all.into_iter().filter(|seq| !acknowledged.contains(seq));
        left.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, seqs: impl IntoIterator<Item = i64>) -> OutboxRow {
        OutboxRow { id, seqs: seqs.into_iter().collect() }
    }

    #[test]
    fn what_was_not_acknowledged_is_left_in_its_order_and_once() {
        let mut batch = Batch::default();
        batch.add(row(7, [3, 4]));
        batch.add(row(8, [1, 2, 3]));
        assert_eq!(batch.rows(), [7, 8]);
        assert_eq!(batch.left(&[2]), [1, 3, 4]);
        assert!(batch.left(&[4, 2, 1, 3]).is_empty());
    }

    #[test]
    fn a_batch_takes_no_more_than_is_published_at_once() {
        let size = i64::try_from(PUBLISHED_AT_ONCE).unwrap();
        let mut batch = Batch::default();
        batch.add(row(1, 0..size - 1));
        assert!(batch.has_room_for(&row(2, [size])));
        batch.add(row(2, [size]));
        assert!(!batch.has_room_for(&row(3, [size + 1])));
    }
}
