//! Manifests: a service says, hour by hour, what it has recorded, so that a stream that is missing in the log shows.
//!
//! A manifest is an event in the stream of the service's manifests, and a list beside it
//! ([`contract::manifest`]). It goes on from the row of `events` at which the one before ended, so it costs what
//! changed, whatever is there already. It ends at a row below which nothing can become visible any more
//! (`settled`), and lists at most [`MOST_EVENTS`]: where more are in none, several follow one another.
//!
//! Every replica looks whether one is due. Two that write at once write the same version of one stream: one of
//! them does, and the other leaves it at that.

mod next;

use std::time::Duration;

use contract::facts::{ManifestReason, ManifestWritten};
use contract::manifest::{MOST_EVENTS, sha256_hex};
use contract::rpc::{ManifestListOf, ManifestsWritten};
use contract::{Envelope, EnvelopeError, ManifestId, Provenance, Version};
use tokio::time::Instant;
use uuid::Uuid;

use crate::event_store::EventStore;
use crate::manifests::next::{Before, Listed, NotWhole};
use crate::store::{self, EventRow};
use crate::{AppendError, rows};

/// How often it is looked whether those who write have ended: they mostly take some milliseconds.
const LOOK: Duration = Duration::from_millis(5);

/// For how long those who write are waited for. What takes longer is in the next manifest.
const PATIENCE: Duration = Duration::from_secs(1);

/// At most so many manifests are written for one question, whose answer is waited for.
const MOST_AT_ONCE: u32 = 8;

/// Why no manifest was written.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It could not be recorded.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// What is stored is no manifest.
    #[error("the manifest before: {0}")]
    Before(#[from] EnvelopeError),
    /// The events of a stream were not read one after the other.
    #[error("stream {0} was not read whole: a manifest would say what is not so")]
    NotWhole(Uuid),
}

/// What was written.
#[derive(Debug, Clone, Copy)]
struct Written {
    events: u64,
}

/// Writes a service's manifests.
#[derive(Debug, Clone)]
pub struct Manifests {
    events: EventStore,
}

impl Manifests {
    /// The manifests of the service whose events these are.
    pub fn new(events: EventStore) -> Self {
        Self { events }
    }

    /// Writes those that are due: one for the hour, and as many as it takes where very much is in none.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub async fn write_due(&self) -> Result<(), ManifestError> {
        loop {
            let before = self.before().await?;
            let reach = store::last_row(self.events.pool()).await?;
            // Rows have numbers without a row between them, so this may be so without being so: then it is seen
            // when they are read.
            let may_be_many = reach - before.up_to_seq >= i64::from(MOST_EVENTS);
            let waiting_since =
                store::first_time_after(self.events.pool(), before.up_to_seq).await?;
            let now = self.events.environment().now();
            let reason = next::is_due(&before, waiting_since, now).then_some(ManifestReason::Hour);
            if reason.is_none() && !may_be_many {
                return Ok(());
            }
            // Whoever writes for long is waited for the next time.
            let Some(settled) = self.settled().await? else { return Ok(()) };
            let Some(_) = self.write(&before, settled, reason).await? else { return Ok(()) };
        }
    }

    /// Writes what is in none, up to now.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub async fn write_asked(&self) -> Result<ManifestsWritten, ManifestError> {
        let settled = self.settled().await?;
        let (mut written, mut events) = (0, 0);
        loop {
            let before = self.before().await?;
            let is_complete = settled.is_some_and(|settled| before.up_to_seq >= settled);
            let answer = ManifestsWritten { last: before.version, written, events, is_complete };
            let Some(settled) = settled.filter(|_| !is_complete && written < MOST_AT_ONCE) else {
                return Ok(answer);
            };
            // Nothing, when another replica was first: what it wrote is seen in the next turn.
            if let Some(wrote) = self.write(&before, settled, Some(ManifestReason::Asked)).await? {
                written += 1;
                events += wrote.events;
            }
        }
    }

    /// The list of a manifest.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, asked: ManifestListOf) -> Result<Option<String>, sqlx::Error> {
        let list = store::manifest_list(self.events.pool(), asked.version).await?;
        Ok(list.map(|list| String::from_utf8_lossy(&list).into_owned()))
    }

    fn stream(&self) -> Uuid {
        ManifestId::of(self.events.service()).uuid()
    }

    /// The last manifest.
    async fn before(&self) -> Result<Before, ManifestError> {
        let last = store::last_manifest(self.events.pool(), self.stream()).await?;
        let Some(last) = last else { return Ok(Before::default()) };
        let envelope = Envelope::parse(&last.envelope)?;
        Ok(Before {
            version: Some(rows::version(last.version)?),
            up_to_seq: last.up_to_seq,
            hash: Some(sha256_hex(&last.envelope)),
            kinds: envelope.fact::<ManifestWritten>()?.kinds,
            written_at: Some(envelope.time),
        })
    }

    /// The last row that can be seen now, once no row before it can become visible any more; none if somebody
    /// writes for too long.
    ///
    /// ```text
    /// a writer     locks, takes row 7 ───────────────────── commits, unlocks
    /// another            locks, takes row 8, commits, unlocks
    /// this                                       sees 8, sees who has locked: waits ── up to 8 all is there
    /// ```
    async fn settled(&self) -> Result<Option<i64>, sqlx::Error> {
        let pool = self.events.pool();
        let deadline = Instant::now() + PATIENCE;
        // In this order: who took a number below it is among the writers, or has ended.
        let last = store::last_row(pool).await?;
        let mut awaited = store::writers(pool).await?;
        while !awaited.is_empty() {
            if Instant::now() >= deadline {
                return Ok(None);
            }
            tokio::time::sleep(LOOK).await;
            // Those who came later take higher numbers.
            let writers = store::writers(pool).await?;
            awaited.retain(|transaction| writers.contains(transaction));
        }
        Ok(Some(last))
    }

    /// Writes the manifest of what follows on the one before, up to this row. Without a reason only if as much
    /// follows as one can list.
    async fn write(
        &self,
        before: &Before,
        up_to: i64,
        reason: Option<ManifestReason>,
    ) -> Result<Option<Written>, ManifestError> {
        let limit = i64::from(MOST_EVENTS);
        let rows = store::rows_between(self.events.pool(), before.up_to_seq, up_to, limit).await?;
        let reason =
            if rows.len() == MOST_EVENTS as usize { Some(ManifestReason::Many) } else { reason };
        let (Some(reason), Some(end)) = (reason, rows.last()) else { return Ok(None) };
        let up_to_seq = end.seq;
        let events: Vec<Listed> = rows.into_iter().map(listed).collect::<Result<_, _>>()?;
        let (manifest, list) = next::next(before, &events, reason)
            .map_err(|NotWhole(stream)| ManifestError::NotWhole(stream))?;
        match self.record(before, &manifest, up_to_seq, &list).await {
            Ok(()) => Ok(Some(Written { events: manifest.changed_events })),
            // Another replica was first.
            Err(AppendError::Conflict) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Records the event and its list, in one transaction.
    async fn record(
        &self,
        before: &Before,
        manifest: &ManifestWritten,
        up_to_seq: i64,
        list: &str,
    ) -> Result<(), AppendError> {
        let service = self.events.service();
        let provenance = Provenance::system(service, None, self.events.environment().new_id());
        let version = before.version.map_or(Version::FIRST, Version::next);
        let mut unit = self.events.begin(&provenance);
        unit.record(self.stream(), version, manifest)?;
        // First of all: whoever is second waits here, and finds the version taken.
        unit.write_recorded().await?;
        // Crash point: nothing is committed, and the next who looks writes this manifest.
        store::insert_manifest(unit.connection().await?, version, up_to_seq, list).await?;
        unit.commit().await
    }
}

fn listed(row: EventRow) -> Result<Listed, sqlx::Error> {
    let version = rows::version(row.version)?;
    Ok(Listed { kind: row.stream_kind, stream: row.stream_id, version })
}
