//! Contexts travel apart from their events, to whoever may read them.

use std::time::Duration;

use std::sync::Mutex;

use async_trait::async_trait;
use contract::{Context, EventId, SealedContext};
use eventstore::consumer::{self, BatchHandler, ConsumerOptions, Delivery, Outcome};
use eventstore::transport::{CONTEXTS, ContextMessage};
use tokio_util::sync::CancellationToken;

use crate::world::{World, eventually, fact, new_stream, provenance, version};

#[derive(Default)]
struct Reader(Mutex<Vec<(String, EventId, SealedContext)>>);

#[async_trait]
impl BatchHandler for Reader {
    async fn handle(&self, batch: &[Delivery]) -> Vec<Outcome> {
        let mut read = self.0.lock().unwrap();
        for delivery in batch {
            for (id, sealed) in ContextMessage::parse(&delivery.payload).unwrap() {
                read.push((delivery.subject.clone(), id, sealed));
            }
        }
        vec![Outcome::Done; batch.len()]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contexts_arrive_verify_and_are_forgotten_by_nats() {
    let world = World::new().await;
    let _relay = world.start_relay().await;
    let (events, stream) = (world.events(), new_stream());
    let mut from = provenance();
    let organization = from.organization.unwrap();
    for number in 1..=3 {
        from.context = Some(Context {
            request_id: Some(format!("request-{number}")),
            ..Context::default()
        });
        let mut unit = events.begin(&from);
        unit.record(stream, version(number), &fact(stream)).unwrap();
        unit.commit().await.unwrap();
    }
    from.context = None;
    let mut unit = events.begin(&from);
    unit.record(stream, version(4), &fact(stream)).unwrap();
    unit.commit().await.unwrap();

    let (reader, transport) = (Reader::default(), world.transport().await);
    let options = ConsumerOptions {
        stream: CONTEXTS,
        durable: "audit-contexts".to_owned(),
        subjects: Vec::new(),
        max_batch: 10,
        pace: Duration::ZERO,
    };
    let shutdown = CancellationToken::new();
    let reading = consumer::run(&transport, &options, &reader, shutdown.clone(), |_| {});
    let checking = async {
        eventually("all contexts arrive", || async {
            reader.0.lock().unwrap().len() == 3
        })
        .await;
        eventually("NATS forgets them", || async {
            let stream = world.transport().await.stream(CONTEXTS).await.unwrap();
            stream.cached_info().state.messages == 0
        })
        .await;
        shutdown.cancel();
    };
    tokio::join!(reading, checking);

    eventually("all events arrive", || async {
        world.messages().await == 4
    })
    .await;
    let published = world.published().await;
    for (subject, id, sealed) in reader.0.into_inner().unwrap() {
        let event = published.iter().find(|event| event.id == id).unwrap();
        assert_eq!(event.contexthash, Some(sealed.hash()));
        let prefix = format!("mandate.contexts.{organization}.");
        assert!(subject.starts_with(&prefix), "{subject}");
    }
    assert_eq!(published[3].contexthash, None);
}
