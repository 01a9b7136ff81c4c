//! Resequencer: puts the entries of a batch into the order of their streams' versions, and tells
//! duplicates and holes. Pure.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::entry::Entry;
use crate::stream::Hole;

/// A batch in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resequenced {
    /// To be appended, in this order: each the next version of its stream.
    pub(crate) in_sequence: Vec<Entry>,
    /// Their versions are recorded already, or another of this batch claims them too. Whether they are
    /// the same events or conflicts is for a comparison with the record to say.
    pub(crate) duplicates: Vec<Entry>,
    /// Beyond a hole: they cannot be appended before what is missing.
    pub(crate) out_of_sequence: Vec<Entry>,
    /// What is missing before them, at most one hole a stream.
    pub(crate) holes: Vec<Hole>,
}

/// Resequences a batch. `heads` has the last recorded version of each stream; a stream that is not in
/// it is new. Entries keep their order of arrival as far as their streams' order allows.
pub(crate) fn resequence(batch: Vec<Entry>, heads: &HashMap<Uuid, i64>) -> Resequenced {
    let mut resequenced = Resequenced::default();
    let mut heads = heads.clone();
    let mut buffered: HashMap<Uuid, BTreeMap<i64, Entry>> = HashMap::new();
    let mut buffered_streams = Vec::new();
    for entry in batch {
        let stream = entry.stream_id;
        let head = heads.entry(stream).or_insert(0);
        if entry.version <= *head {
            resequenced.duplicates.push(entry);
        } else if entry.version > *head + 1 {
            let versions = buffered.entry(stream).or_insert_with(|| {
                buffered_streams.push(stream);
                BTreeMap::new()
            });
            // The same version twice: which one is right is decided once the first is recorded.
            if let Some(duplicate) = versions.insert(entry.version, entry) {
                resequenced.duplicates.push(duplicate);
            }
        } else {
            *head = entry.version;
            resequenced.in_sequence.push(entry);
            // What is buffered may follow now.
            while let Some(follower) =
                buffered.get_mut(&stream).and_then(|versions| versions.remove(&(*head + 1)))
            {
                *head += 1;
                resequenced.in_sequence.push(follower);
            }
        }
    }
    for stream in buffered_streams {
        let head = heads.get(&stream).copied().unwrap_or(0);
        let out_of_sequence: Vec<Entry> =
            buffered.remove(&stream).into_iter().flat_map(BTreeMap::into_values).collect();
        if let (Some(first), Some(last)) = (out_of_sequence.first(), out_of_sequence.last()) {
            // One request for all that is missing up to the last of them.
            let to = if is_dense(&out_of_sequence) { first.version - 1 } else { last.version - 1 };
            resequenced.holes.push(Hole {
                stream_id: stream,
                source: first.source,
                from: head + 1,
                to,
            });
        }
        resequenced.out_of_sequence.extend(out_of_sequence);
    }
    resequenced
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
        let batch = resequence(vec![entry(1, 1), entry(2, 4), entry(1, 2)], &heads(&[(2, 3)]));
        assert_eq!(positions(&batch.in_sequence), [(1, 1), (2, 4), (1, 2)]);
        assert!(
            batch.duplicates.is_empty()
                && batch.out_of_sequence.is_empty()
                && batch.holes.is_empty()
        );
    }

    #[test]
    fn entries_out_of_order_are_put_in_order() {
        let batch = resequence(vec![entry(1, 3), entry(1, 2), entry(1, 1)], &heads(&[]));
        assert_eq!(positions(&batch.in_sequence), [(1, 1), (1, 2), (1, 3)]);
        assert!(batch.holes.is_empty());
    }

    #[test]
    fn what_is_recorded_already_is_not_appended() {
        let batch = resequence(vec![entry(1, 2), entry(1, 3), entry(1, 3)], &heads(&[(1, 2)]));
        assert_eq!(positions(&batch.in_sequence), [(1, 3)]);
        assert_eq!(positions(&batch.duplicates), [(1, 2), (1, 3)]);
    }

    #[test]
    fn a_hole_is_told_and_holds_up_only_its_own_stream() {
        let batch = resequence(vec![entry(1, 5), entry(2, 1), entry(1, 6)], &heads(&[(1, 2)]));
        assert_eq!(positions(&batch.in_sequence), [(2, 1)]);
        assert_eq!(positions(&batch.out_of_sequence), [(1, 5), (1, 6)]);
        let hole =
            Hole { stream_id: Uuid::from_u128(1), source: Service::AppRegistry, from: 3, to: 4 };
        assert_eq!(batch.holes, [hole]);
    }

    #[test]
    fn several_holes_in_one_stream_are_one_request() {
        let batch = resequence(vec![entry(1, 2), entry(1, 4)], &heads(&[]));
        assert_eq!((batch.holes[0].from, batch.holes[0].to), (1, 3));
    }

    #[test]
    fn a_version_that_is_out_of_sequence_twice_is_appended_once_and_a_duplicate_once() {
        let batch = resequence(vec![entry(1, 2), entry(1, 2), entry(1, 1)], &heads(&[]));
        assert_eq!(positions(&batch.in_sequence), [(1, 1), (1, 2)]);
        assert_eq!(positions(&batch.duplicates), [(1, 2)]);
    }
}
