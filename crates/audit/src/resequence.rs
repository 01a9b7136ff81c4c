//! Resequencer: puts the entries of a batch into the order of their streams' versions, and tells
//! duplicates and gaps. Pure.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use contract::Version;
use eventstore::gap::Gap;
use uuid::Uuid;

use crate::entry::Entry;

/// A batch in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resequenced {
    /// To be appended, in this order: each the next version of its stream.
    pub(crate) in_sequence: Vec<Entry>,
    /// Their versions are recorded already, or another of this batch claims them too. Whether they are
    /// the same events or conflicts is for a comparison with the record to say.
    pub(crate) duplicates: Vec<Entry>,
    /// Beyond a gap: they cannot be appended before what is missing.
    pub(crate) out_of_sequence: Vec<Entry>,
    /// What is missing before them, at most one gap a stream.
    pub(crate) gaps: Vec<Gap>,
}

/// Resequences a batch. `heads` has the last recorded version of each stream; a stream that is not in
/// it is new. Entries keep their order of arrival as far as their streams' order allows.
pub(crate) fn resequence(batch: Vec<Entry>, heads: &HashMap<Uuid, Version>) -> Resequenced {
    let mut resequenced = Resequenced::default();
    // Which version each stream goes on with.
    let mut expected: HashMap<Uuid, Version> =
        heads.iter().map(|(stream, head)| (*stream, head.next())).collect();
    let mut buffered: HashMap<Uuid, BTreeMap<Version, Entry>> = HashMap::new();
    let mut buffered_streams = Vec::new();
    for entry in batch {
        let stream = entry.stream_id;
        let next = expected.entry(stream).or_insert(Version::FIRST);
        match entry.version.cmp(next) {
            Ordering::Less => resequenced.duplicates.push(entry),
            Ordering::Greater => {
                let versions = buffered.entry(stream).or_insert_with(|| {
                    buffered_streams.push(stream);
                    BTreeMap::new()
                });
                // The same version twice: which one is right is decided once the first is recorded.
                if let Some(duplicate) = versions.insert(entry.version, entry) {
                    resequenced.duplicates.push(duplicate);
                }
            }
            Ordering::Equal => {
                *next = next.next();
                resequenced.in_sequence.push(entry);
                // What is buffered may follow now.
                while let Some(follower) =
                    buffered.get_mut(&stream).and_then(|versions| versions.remove(next))
                {
                    *next = next.next();
                    resequenced.in_sequence.push(follower);
                }
            }
        }
    }
    for stream in buffered_streams {
        let from = expected.get(&stream).copied().unwrap_or(Version::FIRST);
        let out_of_sequence: Vec<Entry> =
            buffered.remove(&stream).into_iter().flat_map(BTreeMap::into_values).collect();
        resequenced.gaps.extend(gap_before(from, &out_of_sequence));
        resequenced.out_of_sequence.extend(out_of_sequence);
    }
    resequenced
}

/// What is missing from this version on before these entries of one stream: one request for all of it, up to
/// the last of them.
fn gap_before(from: Version, entries: &[Entry]) -> Option<Gap> {
    let (first, last) = (entries.first()?, entries.last()?);
    let is_dense = entries.windows(2).all(|pair| pair[0].version.next() == pair[1].version);
    let after = if is_dense { first.version } else { last.version };
    let to = after.previous()?;
    Some(Gap { stream_id: first.stream_id, producer: first.source, from, to })
}

#[cfg(test)]
mod tests {
    use contract::Service;

    use super::*;
    use crate::entry::tests::entry;

    fn positions(entries: &[Entry]) -> Vec<(u128, i64)> {
        entries.iter().map(|entry| (entry.stream_id.as_u128(), entry.version.number())).collect()
    }

    fn version(number: i64) -> Version {
        Version::new(number).unwrap()
    }

    fn heads(heads: &[(u128, i64)]) -> HashMap<Uuid, Version> {
        heads.iter().map(|(stream, head)| (Uuid::from_u128(*stream), version(*head))).collect()
    }

    #[test]
    fn entries_in_order_are_appended_in_order() {
        let batch = resequence(vec![entry(1, 1), entry(2, 4), entry(1, 2)], &heads(&[(2, 3)]));
        assert_eq!(positions(&batch.in_sequence), [(1, 1), (2, 4), (1, 2)]);
        assert!(
            batch.duplicates.is_empty()
                && batch.out_of_sequence.is_empty()
                && batch.gaps.is_empty()
        );
    }

    #[test]
    fn entries_out_of_order_are_put_in_order() {
        let batch = resequence(vec![entry(1, 3), entry(1, 2), entry(1, 1)], &heads(&[]));
        assert_eq!(positions(&batch.in_sequence), [(1, 1), (1, 2), (1, 3)]);
        assert!(batch.gaps.is_empty());
    }

    #[test]
    fn what_is_recorded_already_is_not_appended() {
        let batch = resequence(vec![entry(1, 2), entry(1, 3), entry(1, 3)], &heads(&[(1, 2)]));
        assert_eq!(positions(&batch.in_sequence), [(1, 3)]);
        assert_eq!(positions(&batch.duplicates), [(1, 2), (1, 3)]);
    }

    #[test]
    fn a_gap_is_told_and_holds_up_only_its_own_stream() {
        let batch = resequence(vec![entry(1, 5), entry(2, 1), entry(1, 6)], &heads(&[(1, 2)]));
        assert_eq!(positions(&batch.in_sequence), [(2, 1)]);
        assert_eq!(positions(&batch.out_of_sequence), [(1, 5), (1, 6)]);
        let gap = Gap {
            stream_id: Uuid::from_u128(1),
            producer: Service::AppRegistry,
            from: version(3),
            to: version(4),
        };
        assert_eq!(batch.gaps, [gap]);
    }

    #[test]
    fn several_gaps_in_one_stream_are_one_request() {
        let batch = resequence(vec![entry(1, 2), entry(1, 4)], &heads(&[]));
        assert_eq!((batch.gaps[0].from, batch.gaps[0].to), (version(1), version(3)));
    }

    #[test]
    fn a_version_that_is_out_of_sequence_twice_is_appended_once_and_a_duplicate_once() {
        let batch = resequence(vec![entry(1, 2), entry(1, 2), entry(1, 1)], &heads(&[]));
        assert_eq!(positions(&batch.in_sequence), [(1, 1), (1, 2)]);
        assert_eq!(positions(&batch.duplicates), [(1, 2)]);
    }
}
