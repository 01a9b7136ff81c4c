//! Confirmation: the other way of reconciliation. What is recorded under a producer's name has to be what the
//! producer has.
//!
//! Whoever has a service's login to NATS can send audit an event that the service never recorded. It follows on
//! its stream and is recorded like any other: only the producer's own table tells it from one. So each entry's
//! producer is asked once, by the digest of its bytes. An event reaches audit after it was committed, never
//! before: what the producer does not have then it never had, or it has lost it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use contract::rpc::{EventDigest, UnknownEvents};
use contract::{Environment, Service};
use sqlx::{PgConnection, PgPool};

use crate::conflict::Conflict;
use crate::producers::{Producers, Unreachable};
use crate::store::confirmation::{self, Unconfirmed};
use crate::store::{conflicts, heads};
use crate::stream::StreamPosition;

/// Positions in one page: no producer is asked about more at a time.
const PAGE: i64 = 1_000;
/// Pages in one run: the rest is for the next, so that the lock is never held for long.
const PAGES: usize = 20;
/// The least time from one page to the next: whoever waits for an answer meanwhile must not notice.
const PACE: Duration = Duration::from_millis(20);

/// Asks producers whether what is recorded is theirs.
#[derive(Clone)]
pub(crate) struct Confirmer {
    pub(crate) pool: PgPool,
    pub(crate) env: Environment,
    pub(crate) producers: Arc<dyn Producers>,
}

impl Confirmer {
    /// Goes on from where each producer was asked the last time. Nothing is done if another replica is at it.
    pub(crate) async fn confirm(&self) -> sqlx::Result<()> {
        // The lock lives as long as this transaction. Crash point: what was asked in it is asked again, and
        // the same conflicts are found.
        let mut transaction = self.pool.begin().await?;
        if confirmation::try_lock(&mut transaction).await? {
            self.confirm_locked(&mut transaction).await?;
        }
        transaction.commit().await
    }

    async fn confirm_locked(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        let size = heads::log_head(conn).await?.size;
        let mut reached = confirmation::reached(conn).await?;
        let mut silent = BTreeSet::new();
        let mut paced = tokio::time::interval(PACE);
        for _ in 0..PAGES {
            paced.tick().await;
            // Those who are at the same place share a page; it ends where others are, so that who was left
            // behind goes on with them.
            let asked = |(service, _): &(&Service, &i64)| !silent.contains(*service);
            let Some(after) = reached.iter().filter(asked).map(|(_, at)| *at).min() else { break };
            if after >= size {
                break;
            }
            let others = reached.values().copied().filter(|at| *at > after).min();
            let to = (after + PAGE).min(others.unwrap_or(size)).min(size);
            let here: Vec<Service> = reached
                .iter()
                .filter(|(service, at)| **at == after && !silent.contains(*service))
                .map(|(service, _)| *service)
                .collect();
            let mut page = by_producer(confirmation::between(conn, after, to).await?);
            let mut answered = Vec::with_capacity(here.len());
            for service in here {
                let entries = page.remove(&service).unwrap_or_default();
                match self.unknown(service, entries).await {
                    Ok(unknown) => {
                        self.keep_conflicts(conn, service, &unknown).await?;
                        reached.insert(service, to);
                        answered.push(service);
                    }
                    // It may not be running; its entries are asked for from the same place the next time.
                    Err(error) => {
                        tracing::debug!(%service, %error, "a producer could not be asked about its entries");
                        confirmation::set_waiting(conn, service, self.env.now()).await?;
                        silent.insert(service);
                    }
                }
            }
            confirmation::set_reached(conn, &answered, to).await?;
        }
        Ok(())
    }

    /// The positions of those of these entries that their producer does not have.
    async fn unknown(
        &self,
        service: Service,
        entries: Vec<Unconfirmed>,
    ) -> Result<Vec<i64>, Unreachable> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let (mut positions, mut events) = (HashMap::new(), Vec::with_capacity(entries.len()));
        for Unconfirmed {
            position, stream: StreamPosition { stream_id, version }, sha256, ..
        } in entries
        {
            positions.insert((stream_id, version), position);
            events.push(EventDigest { stream_id, version, sha256 });
        }
        let unknown = self.producers.unknown_events(service, &UnknownEvents { events }).await?;
        let position = |event: &EventDigest| positions.get(&(event.stream_id, event.version));
        Ok(unknown.iter().filter_map(position).copied().collect())
    }

    async fn keep_conflicts(
        &self,
        conn: &mut PgConnection,
        service: Service,
        positions: &[i64],
    ) -> sqlx::Result<()> {
        if positions.is_empty() {
            return Ok(());
        }
        for (stream_kind, event) in confirmation::events_at(conn, positions).await? {
            let id = event.event_id;
            let conflict = Conflict::of_unknown(&stream_kind, event);
            if conflicts::keep(conn, &conflict, self.env.now()).await? {
                tracing::error!(
                    %service, event = %id, stream = conflict.subject,
                    "a recorded event is unknown to its producer"
                );
            }
        }
        Ok(())
    }
}

fn by_producer(entries: Vec<Unconfirmed>) -> HashMap<Service, Vec<Unconfirmed>> {
    let mut by_producer: HashMap<Service, Vec<Unconfirmed>> = HashMap::new();
    for entry in entries {
        by_producer.entry(entry.source).or_default().push(entry);
    }
    by_producer
}
