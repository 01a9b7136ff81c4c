//! Completeness: whether all that services said they had recorded is in the log, over the manifests of a time.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use contract::facts::{ManifestReason, ManifestWritten};
use contract::manifest::{ManifestLine, read_list_of, sha256_hex};
use contract::{Envelope, EventId, Service};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::store::gaps::{self, OpenHole};
use crate::store::manifests::{self, LastManifest, Recorded, Unlisted};
use crate::store::{heads, pages};

/// So many manifests, and so many events that they list, are held against the log for one answer.
const MOST_MANIFESTS: usize = 2_000;
const MOST_EVENTS: u64 = 1_000_000;

/// So many streams of which something is missing are named for one service, and so many open holes.
const MOST_NAMED: u32 = 100;

/// So many entries are looked at for those that came after the last manifest.
const LOOKED_AT: i64 = 20_000;

/// An event that waits for longer should be in a manifest: one is written an hour after the one before.
const LATE: TimeDelta = TimeDelta::hours(2);

/// What is known of the log's completeness over a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Completeness {
    /// Manifests that were recorded not before this time …
    from: DateTime<Utc>,
    /// … and before this one.
    to: DateTime<Utc>,
    /// From when on the next report goes on, if those of this time are too many for one: 2,000, or what lists 1,000,000
    /// events. This one is about those before.
    next_from: Option<DateTime<Utc>>,
    /// Whether nothing is known to be missing: all that these manifests list is in the log, each goes on from the one
    /// before, none is late, and no hole is open. What no manifest lists, it says nothing about.
    complete: bool,
    /// The size of the log.
    log_size: i64,
    /// Each service.
    services: Vec<ServiceCompleteness>,
    /// Holes in streams that are open now, the oldest first, at most 100: events that are known to exist and could not
    /// be had yet.
    open_holes: Vec<OpenHole>,
}

/// What is known of one service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceCompleteness {
    /// The service.
    #[schema(value_type = String, example = "app-registry")]
    service: Service,
    /// Whether nothing of what its manifests list is known to be missing, none is late, and all can be read.
    complete: bool,
    /// Its last manifest, whatever time was asked for.
    last_manifest: Option<LastManifestItem>,
    /// Whether an event that is in no manifest waits for one for more than two hours: they are an hour apart.
    manifest_is_late: bool,
    /// Its manifests of this time.
    manifests: Vec<ManifestItem>,
    /// Streams of which something that was listed is not in the log, at most 100.
    missing: Vec<MissingEvents>,
    /// How many streams more there are of which something is missing.
    more_missing: usize,
    /// How many entries of the service were recorded after its last manifest, among the next 20,000 of the log: those
    /// are for the next one.
    entries_since_last_manifest: i64,
}

/// The last manifest of a service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LastManifestItem {
    /// Its version.
    version: i64,
    /// Its position in the log.
    position: i64,
    /// When it was recorded.
    recorded_at: DateTime<Utc>,
}

/// One manifest.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ManifestItem {
    /// Its version: 1, 2, 3 …
    version: i64,
    /// Its position in the log.
    position: i64,
    /// Its event.
    event_id: EventId,
    /// When it was recorded.
    recorded_at: DateTime<Utc>,
    /// Why it was written.
    #[schema(value_type = String, example = "hour")]
    reason: ManifestReason,
    /// How many streams it lists.
    changed_streams: u64,
    /// How many events of them it lists.
    changed_events: u64,
    /// How many streams the service had recorded in all.
    streams: u64,
    /// How many events.
    events: u64,
    /// Whether it goes on from the one before.
    continues: bool,
    /// Whether its list is here: only then it is known what it lists. It is fetched within seconds.
    list_is_here: bool,
}

/// Events of a stream that are not in the log although they were listed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MissingEvents {
    /// The manifest that lists them.
    manifest_version: i64,
    /// Its position in the log.
    manifest_position: i64,
    /// The stream, as in an event's `subject`.
    #[schema(example = "app/0192aaaa-bbbb-7ccc-8ddd-eeeeffff0001")]
    stream: String,
    /// The first version that it lists.
    from_version: i64,
    /// The last.
    to_version: i64,
    /// How many of these are missing.
    missing: i64,
}

/// The manifests of a service, as they are gone through.
struct Chain {
    /// The SHA-256 of the one before the next.
    before: Option<String>,
    report: ServiceCompleteness,
}

/// The report of what was recorded between these times, or of as much as is held against the log at once.
pub(crate) async fn report(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<Completeness> {
    let log_size = heads::log_head(conn).await?.size;
    let after = pages::recorded_before(conn, from, log_size).await?;
    let up_to = pages::recorded_before(conn, to, log_size).await?;
    let limit = i64::try_from(MOST_MANIFESTS).unwrap_or(i64::MAX).saturating_add(1);
    let recorded = manifests::between(conn, after, up_to, limit).await?;
    let mut recorded: Vec<(Recorded, Option<ManifestWritten>)> = recorded
        .into_iter()
        .map(|recorded| {
            let said = said(&recorded);
            (recorded, said)
        })
        .collect();
    let sizes: Vec<_> = recorded
        .iter()
        .map(|(recorded, said)| {
            (recorded.recorded_at, said.as_ref().map_or(0, |said| said.changed_events))
        })
        .collect();
    let next_from = next_from(&sizes, MOST_MANIFESTS, MOST_EVENTS);
    recorded.retain(|(recorded, _)| next_from.is_none_or(|next| recorded.recorded_at < next));
    let mut chains: BTreeMap<Service, Chain> = BTreeMap::new();
    for service in Service::ALL {
        let first = recorded.iter().find(|(recorded, _)| recorded.service == service);
        let before = match first {
            Some((first, _)) if first.version > 1 => {
                manifests::envelope(conn, service, first.version - 1).await?
            }
            _ => None,
        };
        let before = before.map(|before| sha256_hex(&before));
        let last = manifests::last(conn, service).await?;
        let unlisted = manifests::unlisted(conn, service, last, LOOKED_AT).await?;
        let report = ServiceCompleteness::new(service, last, unlisted, now);
        chains.insert(service, Chain { before, report });
    }
    for (recorded, said) in &recorded {
        let Some(chain) = chains.get_mut(&recorded.service) else { continue };
        if let Some(manifest) = said {
            chain.go_on(conn, recorded, manifest).await?;
        } else {
            chain.before = Some(sha256_hex(&recorded.envelope));
            chain.report.complete = false;
        }
    }
    let open_holes = gaps::open(conn, i64::from(MOST_NAMED)).await?;
    let services: Vec<_> = chains.into_values().map(|chain| chain.report).collect();
    let complete = open_holes.is_empty() && services.iter().all(|service| service.complete);
    Ok(Completeness { from, to, next_from, complete, log_size, services, open_holes })
}

/// What a manifest says; none if it cannot be read.
fn said(manifest: &Recorded) -> Option<ManifestWritten> {
    let said = Envelope::parse(&manifest.envelope).and_then(|envelope| envelope.fact());
    said.inspect_err(|error| {
        let position = manifest.position;
        tracing::error!(%error, position, "an entry is a manifest that cannot be read");
    })
    .ok()
}

/// When the first of these manifests was recorded that are too many for one report; none if they are not. All of one
/// moment are in the same report, since the next one begins with a time.
fn next_from(
    manifests: &[(DateTime<Utc>, u64)],
    most: usize,
    most_events: u64,
) -> Option<DateTime<Utc>> {
    let (first, _) = manifests.first()?;
    let mut events = 0_u64;
    for (index, (recorded_at, changed)) in manifests.iter().enumerate() {
        events = events.saturating_add(*changed);
        if index >= most || events > most_events {
            // Those of this moment that are before it are for the next report, too, unless they are all there are.
            return manifests.iter().map(|(at, _)| *at).find(|at| at >= recorded_at && at > first);
        }
    }
    None
}

impl ServiceCompleteness {
    fn new(
        service: Service,
        last: Option<LastManifest>,
        unlisted: Unlisted,
        now: DateTime<Utc>,
    ) -> Self {
        let manifest_is_late = unlisted.oldest.is_some_and(|oldest| now - oldest > LATE);
        let last_manifest = last.map(|last| LastManifestItem {
            version: last.version,
            position: last.position,
            recorded_at: last.recorded_at,
        });
        Self {
            service,
            complete: !manifest_is_late,
            last_manifest,
            manifest_is_late,
            manifests: Vec::new(),
            missing: Vec::new(),
            more_missing: 0,
            entries_since_last_manifest: unlisted.count,
        }
    }

    /// Not all of what a line lists is in the log.
    fn miss(&mut self, manifest: &Recorded, line: &ManifestLine<'_>, missing: i64) {
        self.complete = false;
        if self.missing.len() == MOST_NAMED as usize {
            self.more_missing += 1;
            return;
        }
        self.missing.push(MissingEvents {
            manifest_version: manifest.version,
            manifest_position: manifest.position,
            stream: format!("{}/{}", line.kind, line.stream),
            from_version: line.from.number(),
            to_version: line.to.number(),
            missing,
        });
    }
}

impl Chain {
    /// The next manifest, held against the one before and, by its list, against the log.
    async fn go_on(
        &mut self,
        conn: &mut PgConnection,
        recorded: &Recorded,
        manifest: &ManifestWritten,
    ) -> sqlx::Result<()> {
        let continues = manifest.previous == self.before;
        self.before = Some(sha256_hex(&recorded.envelope));
        let list = manifests::list(conn, recorded.service, recorded.version).await?;
        // Another than the manifest names says nothing, whoever put it there.
        let lines = list.as_deref().and_then(|list| read_list_of(&manifest.list_hash, list).ok());
        let list_is_here = lines.is_some();
        let lines = lines.unwrap_or_default();
        for (index, missing) in manifests::not_in_log(conn, &lines).await? {
            if let Some(line) = lines.get(index) {
                self.report.miss(recorded, line, missing);
            }
        }
        self.report.complete &= continues && list_is_here;
        self.report.manifests.push(item(recorded, manifest, continues, list_is_here));
        Ok(())
    }
}

fn item(
    recorded: &Recorded,
    manifest: &ManifestWritten,
    continues: bool,
    list_is_here: bool,
) -> ManifestItem {
    let (streams, events) = manifest.kinds.iter().fold((0_u64, 0_u64), |(streams, events), of| {
        (streams.saturating_add(of.streams), events.saturating_add(of.events))
    });
    ManifestItem {
        version: recorded.version,
        position: recorded.position,
        event_id: EventId::from_uuid(recorded.event_id),
        recorded_at: recorded.recorded_at,
        reason: manifest.reason,
        changed_streams: manifest.changed_streams,
        changed_events: manifest.changed_events,
        streams,
        events,
        continues,
        list_is_here,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    #[test]
    fn what_is_too_much_for_a_report_is_for_the_next() {
        let hourly = [(at(0), 5), (at(60), 5), (at(120), 5)];
        assert_eq!(next_from(&[], 2, 10), None);
        assert_eq!(next_from(&hourly, 3, 15), None);
        assert_eq!(next_from(&hourly, 2, 15), Some(at(120)));
        assert_eq!(next_from(&hourly, 3, 14), Some(at(120)));
        assert_eq!(next_from(&hourly, 3, 4), Some(at(60)), "one is in any");
        let at_once = [(at(0), 5), (at(60), 5), (at(60), 5), (at(120), 5)];
        assert_eq!(next_from(&at_once, 2, 100), Some(at(60)), "those of a moment stay together");
        assert_eq!(next_from(&at_once[1..], 1, 100), Some(at(120)), "and are one report at least");
        assert_eq!(next_from(&at_once[1..3], 1, 100), None);
    }
}
