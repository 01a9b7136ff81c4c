//! Recovery of parts: has producers publish events once more of which parts are awaited.
//!
//! A producer that is asked for an event answers without its parts, since others may ask as well. Such
//! an event is recorded as one whose parts are awaited, until its producer has published it once more,
//! on the way that only audit reads. It is asked again when the queue is empty and the parts have not
//! come: what it publishes can get lost.

use std::sync::Arc;

use chrono::TimeDelta;
use contract::rpc::RepeatEvents;
use contract::{Environment, Service};
use sqlx::PgPool;

use crate::producers::Producers;
use crate::store::awaited_parts;
use crate::stream::StreamPosition;

/// After how long a producer is asked again for a part that has not come.
const ASK_AGAIN: TimeDelta = TimeDelta::minutes(1);

/// For so many parts of a producer's events is asked at a time.
const ASKED_AT_ONCE: i64 = 2_000;

/// A producer repeats no more at a request.
const REPEATED_AT_ONCE: i64 = 512;

/// The fewest requests that ask for these, sorted by stream and version, and for nothing else.
fn requests(due: &[StreamPosition]) -> Vec<RepeatEvents> {
    let mut requests: Vec<RepeatEvents> = Vec::new();
    for awaited in due {
        match requests.last_mut() {
            Some(last)
                if last.stream_id == awaited.stream_id
                    && last.to.next() == awaited.version
                    && last.to.number() - last.from.number() + 1 < REPEATED_AT_ONCE =>
            {
                last.to = awaited.version;
            }
            _ => requests.push(RepeatEvents {
                stream_id: awaited.stream_id,
                from: awaited.version,
                to: awaited.version,
            }),
        }
    }
    requests
}

/// Asks producers for what is awaited.
#[derive(Clone)]
pub(crate) struct PartRecovery {
    pub(crate) pool: PgPool,
    pub(crate) env: Environment,
    pub(crate) producers: Arc<dyn Producers>,
}

impl PartRecovery {
    /// Has producers publish those events once more of which parts are awaited: those that were not asked
    /// for yet, and `again` those that did not come.
    pub(crate) async fn recover(&self, again: bool) -> sqlx::Result<()> {
        let now = self.env.now();
        let asked_before = again.then(|| now - ASK_AGAIN);
        for service in Service::ALL {
            let mut conn = self.pool.acquire().await?;
            let due = awaited_parts::due(&mut conn, service, asked_before, ASKED_AT_ONCE).await?;
            drop(conn);
            for asked in requests(&due) {
                let repeated = match self.producers.repeat_events(service, &asked).await {
                    Ok(repeated) => repeated,
                    Err(error) => {
                        tracing::warn!(%service, %error, "a producer did not publish events once more");
                        break;
                    }
                };
                let mut conn = self.pool.acquire().await?;
                if repeated == 0 {
                    let RepeatEvents { stream_id: stream, from, to } = asked;
                    tracing::error!(%service, %stream, %from, %to, "a producer has these events no more; their contexts and details are lost");
                    awaited_parts::remove(&mut conn, &asked).await?;
                } else {
                    awaited_parts::set_asked(&mut conn, &asked, now).await?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use contract::Version;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn consecutive_versions_are_asked_for_together_as_many_as_are_repeated_at_once() {
        let awaited = |stream, version| StreamPosition {
            stream_id: Uuid::from_u128(stream),
            version: Version::new(version).unwrap(),
        };
        let mut due = vec![awaited(1, 2), awaited(1, 3), awaited(1, 7), awaited(2, 8)];
        due.extend((1..=REPEATED_AT_ONCE + 1).map(|version| awaited(3, version)));
        let asked: Vec<_> = requests(&due)
            .iter()
            .map(|asked| (asked.stream_id.as_u128(), asked.from.number(), asked.to.number()))
            .collect();
        let expected = [
            (1, 2, 3),
            (1, 7, 7),
            (2, 8, 8),
            (3, 1, REPEATED_AT_ONCE),
            (3, REPEATED_AT_ONCE + 1, REPEATED_AT_ONCE + 1),
        ];
        assert_eq!(asked, expected);
    }
}
