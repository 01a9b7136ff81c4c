//! What to do with a batch of entries, given how far each stream has arrived. Pure.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::entry::Entry;
use crate::stream::Hole;

/// What a batch comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arrangement {
    /// To be appended, in this order: each the next version of its stream.
    pub(crate) next: Vec<Entry>,
    /// At or before their stream's head: recorded already, to be compared with the record.
    pub(crate) known: Vec<Entry>,
    /// Beyond a hole: they wait for what comes before them.
    pub(crate) waiting: Vec<Entry>,
    /// What they wait for, at most one hole a stream.
    pub(crate) holes: Vec<Hole>,
}

/// Arranges a batch. `heads` has the last recorded version of each stream; a stream that is not in
/// it is new. Entries keep their order of arrival as far as their streams' order allows.
pub(crate) fn arrange(batch: Vec<Entry>, heads: &HashMap<Uuid, i64>) -> Arrangement {
    let mut arrangement = Arrangement::default();
    let mut heads = heads.clone();
    let mut early: HashMap<Uuid, BTreeMap<i64, Entry>> = HashMap::new();
    let mut order = Vec::new();
    for entry in batch {
        let stream = entry.stream_id;
        let head = heads.entry(stream).or_insert(0);
        if entry.version <= *head {
            arrangement.known.push(entry);
        } else if entry.version > *head + 1 {
            let ahead = early.entry(stream).or_insert_with(|| {
                order.push(stream);
                BTreeMap::new()
            });
            // The same version twice: which one is right is decided once the first is recorded.
            if let Some(twin) = ahead.insert(entry.version, entry) {
                arrangement.known.push(twin);
            }
        } else {
            *head = entry.version;
            arrangement.next.push(entry);
            // Those that came before their turn may have it now.
            while let Some(follower) =
                early.get_mut(&stream).and_then(|ahead| ahead.remove(&(*head + 1)))
            {
                *head += 1;
                arrangement.next.push(follower);
            }
        }
    }
    for stream in order {
        let head = heads.get(&stream).copied().unwrap_or(0);
        let waiting: Vec<Entry> =
            early.remove(&stream).into_iter().flat_map(BTreeMap::into_values).collect();
        if let (Some(first), Some(last)) = (waiting.first(), waiting.last()) {
            // One question for all that is missing up to the last one that waits.
            let to = if is_dense(&waiting) { first.version - 1 } else { last.version - 1 };
            arrangement.holes.push(Hole {
                stream_id: stream,
                source: first.source,
                from: head + 1,
                to,
            });
        }
        arrangement.waiting.extend(waiting);
    }
    arrangement
}

fn is_dense(entries: &[Entry]) -> bool {
    entries.windows(2).all(|pair| pair[0].version + 1 == pair[1].version)
}

#[cfg(test)]
mod tests {
    use contract::Service;

    use super::*;
    use crate::entry::tests::entry;

    fn positions(entries: &[Entry]) -> Vec<(u128, i64)> {
        entries.iter().map(|entry| (entry.stream_id.as_u128(), entry.version)).collect()
    }

    fn heads(heads: &[(u128, i64)]) -> HashMap<Uuid, i64> {
        heads.iter().map(|(stream, version)| (Uuid::from_u128(*stream), *version)).collect()
    }

    #[test]
    fn entries_in_order_are_appended_in_order() {
        let done = arrange(vec![entry(1, 1), entry(2, 4), entry(1, 2)], &heads(&[(2, 3)]));
        assert_eq!(positions(&done.next), [(1, 1), (2, 4), (1, 2)]);
        assert!(done.known.is_empty() && done.waiting.is_empty() && done.holes.is_empty());
    }

    #[test]
    fn entries_out_of_order_are_put_in_order() {
        let done = arrange(vec![entry(1, 3), entry(1, 2), entry(1, 1)], &heads(&[]));
        assert_eq!(positions(&done.next), [(1, 1), (1, 2), (1, 3)]);
        assert!(done.holes.is_empty());
    }

    #[test]
    fn what_is_recorded_already_is_not_appended() {
        let done = arrange(vec![entry(1, 2), entry(1, 3), entry(1, 3)], &heads(&[(1, 2)]));
        assert_eq!(positions(&done.next), [(1, 3)]);
        assert_eq!(positions(&done.known), [(1, 2), (1, 3)]);
    }

    #[test]
    fn a_hole_is_named_and_holds_up_only_its_own_stream() {
        let done = arrange(vec![entry(1, 5), entry(2, 1), entry(1, 6)], &heads(&[(1, 2)]));
        assert_eq!(positions(&done.next), [(2, 1)]);
        assert_eq!(positions(&done.waiting), [(1, 5), (1, 6)]);
        let hole =
            Hole { stream_id: Uuid::from_u128(1), source: Service::AppRegistry, from: 3, to: 4 };
        assert_eq!(done.holes, [hole]);
    }

    #[test]
    fn several_holes_in_one_stream_are_one_question() {
        let done = arrange(vec![entry(1, 2), entry(1, 4)], &heads(&[]));
        assert_eq!((done.holes[0].from, done.holes[0].to), (1, 3));
    }

    #[test]
    fn a_version_that_waits_twice_is_kept_once_and_compared_once() {
        let done = arrange(vec![entry(1, 2), entry(1, 2), entry(1, 1)], &heads(&[]));
        assert_eq!(positions(&done.next), [(1, 1), (1, 2)]);
        assert_eq!(positions(&done.known), [(1, 2)]);
    }
}
