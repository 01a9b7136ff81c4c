//! What the next manifest says, and when it is due. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use contract::Version;
use contract::facts::{KindTotals, ManifestReason, ManifestWritten};
use contract::manifest::{ManifestLine, sha256_hex, write_list};
use uuid::Uuid;

/// After how long a manifest follows the one before, or the first event.
const AN_HOUR: TimeDelta = TimeDelta::hours(1);

/// The manifest before.
#[derive(Debug, Clone, Default)]
pub(super) struct Before {
    /// Its version; none before the first.
    pub(super) version: Option<Version>,
    /// Up to which row of `events` all is in manifests.
    pub(super) up_to_seq: i64,
    /// The SHA-256 of its bytes.
    pub(super) hash: Option<String>,
    /// What it says of all kinds.
    pub(super) kinds: Vec<KindTotals>,
    /// When it was written.
    pub(super) written_at: Option<DateTime<Utc>>,
}

/// An event that is in no manifest yet.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) kind: String,
    pub(super) stream: Uuid,
    pub(super) version: Version,
}

/// Events that do not make a list: they were not read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NotWhole(pub(super) Uuid);

/// Whether a manifest is due for its time: an hour after the one before, or, before the first, after the first event
/// (`waiting_since`).
pub(super) fn is_due(
    before: &Before,
    waiting_since: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> bool {
    let Some(waiting_since) = waiting_since else { return false };
    let since = before.written_at.unwrap_or(waiting_since);
    // A clock that was ahead when the last was written, and is right again, holds none up.
    (now - since).abs() >= AN_HOUR
}

/// The manifest of these events, which follow on those of the one before in the order of their rows, and its list.
///
/// # Errors
/// When the events of a stream are not one after the other.
pub(super) fn next(
    before: &Before,
    events: &[Listed],
    reason: ManifestReason,
) -> Result<(ManifestWritten, String), NotWhole> {
    let mut streams: BTreeMap<Uuid, ManifestLine<'_>> = BTreeMap::new();
    for Listed { kind, stream, version } in events {
        let (stream, version) = (*stream, *version);
        let line = streams.entry(stream);
        let line = line.and_modify(|line| line.to = line.to.next()).or_insert(ManifestLine {
            kind,
            stream,
            from: version,
            to: version,
        });
        if (line.to, line.kind) != (version, kind) {
            return Err(NotWhole(stream));
        }
    }
    let mut lines: Vec<ManifestLine<'_>> = streams.into_values().collect();
    let list = write_list(&mut lines);
    let manifest = ManifestWritten {
        previous: before.hash.clone(),
        kinds: totals(&before.kinds, &lines),
        changed_streams: lines.len() as u64,
        changed_events: events.len() as u64,
        list_hash: sha256_hex(list.as_bytes()),
        reason,
    };
    Ok((manifest, list))
}

/// The totals with these lines.
fn totals(before: &[KindTotals], lines: &[ManifestLine<'_>]) -> Vec<KindTotals> {
    let mut kinds: BTreeMap<&str, (u64, u64)> =
        before.iter().map(|of| (&*of.kind, (of.streams, of.events))).collect();
    for line in lines {
        let (streams, events) = kinds.entry(line.kind).or_default();
        *streams += u64::from(line.from == Version::FIRST);
        *events += line.events();
    }
    kinds
        .into_iter()
        .map(|(kind, (streams, events))| KindTotals { kind: kind.to_owned(), streams, events })
        .collect()
}

#[cfg(test)]
mod tests {
    use contract::manifest::read_list;

    use super::*;

    fn event(kind: &str, stream: u128, version: i64) -> Listed {
        let version = Version::new(version).unwrap();
        Listed { kind: kind.to_owned(), stream: Uuid::from_u128(stream), version }
    }

    fn of(kind: &str, streams: u64, events: u64) -> KindTotals {
        KindTotals { kind: kind.to_owned(), streams, events }
    }

    #[test]
    fn a_manifest_lists_what_changed_and_counts_all_there_is() {
        let first = [event("key", 9, 1), event("app", 1, 1), event("app", 1, 2)];
        let (manifest, list) = next(&Before::default(), &first, ManifestReason::Hour).unwrap();
        assert_eq!((manifest.changed_streams, manifest.changed_events), (2, 3));
        assert_eq!(manifest.kinds, [of("app", 1, 2), of("key", 1, 1)]);
        assert_eq!(
            (manifest.previous, &*manifest.list_hash),
            (None, &*sha256_hex(list.as_bytes()))
        );
        let before = Before {
            version: Some(Version::FIRST),
            hash: Some("of the first".to_owned()),
            kinds: manifest.kinds,
            ..Before::default()
        };
        let more =
            [event("app", 1, 3), event("app", 2, 1), event("token", 5, 1), event("app", 1, 4)];
        let (manifest, list) = next(&before, &more, ManifestReason::Asked).unwrap();
        assert_eq!(manifest.kinds, [of("app", 2, 5), of("key", 1, 1), of("token", 1, 1)]);
        assert_eq!(manifest.previous.as_deref(), Some("of the first"));
        let lines = read_list(&list).unwrap();
        let changed: Vec<_> = lines
            .iter()
            .map(|line| (line.kind, line.stream.as_u128(), line.from.number(), line.to.number()))
            .collect();
        assert_eq!(changed, [("app", 1, 3, 4), ("app", 2, 1, 1), ("token", 5, 1, 1)]);
    }

    #[test]
    fn what_was_not_read_whole_is_in_no_manifest() {
        let stream = NotWhole(Uuid::from_u128(1));
        for events in [
            [event("app", 1, 1), event("app", 1, 3)],
            [event("app", 1, 2), event("app", 1, 1)],
            [event("app", 1, 1), event("app", 1, 1)],
            [event("app", 1, 1), event("key", 1, 2)],
        ] {
            let made = next(&Before::default(), &events, ManifestReason::Hour);
            assert_eq!(made, Err(stream.clone()));
        }
    }

    #[test]
    fn one_is_due_an_hour_after_the_last_or_after_the_first_event() {
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        let none = Before::default();
        assert!(!is_due(&none, None, at(900)));
        assert!(!is_due(&none, Some(at(1)), at(60)));
        assert!(is_due(&none, Some(at(1)), at(61)));
        let last = Before { written_at: Some(at(100)), ..Before::default() };
        // What has waited for longer than an hour became visible late; the hour is the manifests'.
        assert!(!is_due(&last, Some(at(1)), at(159)));
        assert!(is_due(&last, Some(at(1)), at(160)));
        // The clock was a day ahead when the last was written.
        let ahead = Before { written_at: Some(at(1_600)), ..Before::default() };
        assert!(is_due(&ahead, Some(at(1)), at(160)));
    }
}
