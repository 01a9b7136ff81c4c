//! Filling gaps: events of a stream that are known to exist and did not arrive are asked for from their
//! producer.

use async_trait::async_trait;
use contract::rpc::{StoredEvent, StreamEvents};
use contract::{Service, Version};
use uuid::Uuid;

/// Asks producers for events that are missing.
#[async_trait]
pub trait Repair: Send + Sync {
    /// The events of a stream, from its producer: the first that was asked for, and as many more as fit
    /// into an answer.
    async fn stream_events(
        &self,
        producer: Service,
        asked: StreamEvents,
    ) -> Result<Vec<StoredEvent>, String>;
}

/// Versions of a stream that are missing.
/// They exist, since later ones do or their producer says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The service that recorded what is missing.
    pub producer: Service,
    /// The stream.
    pub stream_id: Uuid,
    /// The first version that is missing.
    pub from: Version,
    /// The last one.
    pub to: Version,
}

/// What was had of a gap.
#[derive(Debug, PartialEq, Eq)]
pub struct Filled<E> {
    /// The events from the first missing version on, dense and in order.
    pub events: Vec<E>,
    /// Why those are not all, if they are not.
    pub unfilled: Option<String>,
}

/// Asks for the events of a gap, in as many questions as it takes. What was had before a failure counts.
/// `read` gives an event if it is the one of this version.
pub async fn fill<E>(
    repair: &dyn Repair,
    gap: &Gap,
    read: impl Fn(Version, StoredEvent) -> Option<E>,
) -> Filled<E> {
    let Gap { producer, stream_id, from, to } = *gap;
    let (mut events, mut next, mut alone) = (Vec::new(), from, false);
    while next <= to {
        let asked = StreamEvents { stream_id, from: next, to: if alone { next } else { to } };
        let answer = match repair.stream_events(producer, asked).await {
            Ok(answer) => answer,
            // Large events do not fit into one answer together: one at a time they do.
            Err(_) if !alone && next < to => {
                alone = true;
                continue;
            }
            Err(reason) => return Filled { events, unfilled: Some(reason) },
        };
        let before = next;
        for stored in answer {
            if next > to || stored.version != next {
                break;
            }
            let Some(event) = read(next, stored) else { break };
            events.push(event);
            next = next.next();
        }
        if next == before {
            let reason = format!("{producer} does not have version {next} of stream {stream_id}");
            return Filled { events, unfilled: Some(reason) };
        }
    }
    Filled { events, unfilled: None }
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use super::*;

    /// A producer that has some versions, and answers so many at most; more it cannot put into an answer.
    struct Has {
        versions: Vec<Version>,
        at_once: usize,
        fits: i64,
    }

    #[async_trait]
    impl Repair for Has {
        async fn stream_events(
            &self,
            _: Service,
            asked: StreamEvents,
        ) -> Result<Vec<StoredEvent>, String> {
            if asked.to.number() - asked.from.number() >= self.fits {
                return Err("the answer is too large".to_owned());
            }
            let wanted = self.versions.iter().filter(|it| (asked.from..=asked.to).contains(it));
            let stored =
                |version: &Version| StoredEvent { version: *version, envelope: String::new() };
            Ok(wanted.take(self.at_once).map(stored).collect())
        }
    }

    fn version(number: i64) -> Version {
        Version::new(number).unwrap()
    }

    fn versions(numbers: RangeInclusive<i64>) -> Vec<Version> {
        numbers.map(version).collect()
    }

    async fn fill_2_to_6(producer: Has) -> Filled<Version> {
        let (producer_name, stream_id) = (Service::AppRegistry, Uuid::nil());
        let gap = Gap { producer: producer_name, stream_id, from: version(2), to: version(6) };
        fill(&producer, &gap, |version, _| Some(version)).await
    }

    #[tokio::test]
    async fn a_gap_is_filled_in_as_many_questions_as_it_takes() {
        for (at_once, fits) in [(9, 9), (2, 9), (9, 2)] {
            let filled = fill_2_to_6(Has { versions: versions(1..=8), at_once, fits }).await;
            assert_eq!(filled, Filled { events: versions(2..=6), unfilled: None });
        }
    }

    #[tokio::test]
    async fn what_was_had_before_a_failure_counts() {
        let filled =
            fill_2_to_6(Has { versions: [2, 3, 5, 6].map(version).into(), at_once: 9, fits: 9 })
                .await;
        assert_eq!(filled.events, versions(2..=3));
        assert!(filled.unfilled.unwrap().contains("version 4"));
        let filled = fill_2_to_6(Has { versions: versions(1..=8), at_once: 9, fits: 0 }).await;
        let reason = Some("the answer is too large".to_owned());
        assert_eq!(filled, Filled { events: Vec::new(), unfilled: reason });
    }
}
