//! What others publish pushes a subscriber's events out of the stream before it has read them: it is told how many.

use async_nats::jetstream;
use journeys::program;
use journeys::system::{Servers, System};
use local_servers::testing::NATS_USER;
use serde_json::json;
use sqlx::PgPool;
use stage::eventually;

/// What the stream of facts may have.
const LIMIT: usize = 1_500_000;

/// How many events of the subscriber's are published before it is overtaken.
const EVENTS: usize = 7;

async fn publish(streams: &jetstream::Context, subject: &str, times: usize) {
    for _ in 0..times {
        let sent = streams.publish(subject.to_owned(), vec![0; 60_000].into()).await;
        sent.unwrap().await.unwrap();
    }
}

#[tokio::test]
async fn a_subscriber_whose_events_made_room_for_others_is_told_how_many_it_missed() {
    let extra = format!("[transport]\nevents_max_bytes = {LIMIT}\n");
    let system = System::on(Servers::migrated(&extra).await).await;
    let organization = system.operator().organization().await;
    let file = system.servers.file();
    let list = || program::run(&["subscribers", "list", "--config", &file]).succeeded();
    let add = ["subscribers", "add", "billing", "--config", &file, "--organization"];
    let events = ["--events", "consent.granted"];
    program::run(&[&add[..], &[&organization.id], &events].concat()).succeeded();
    let nats = std::slice::from_ref(&system.servers.nats);
    let streams = jetstream::new(stage::nats_client(nats, NATS_USER).await);
    let stream = streams.get_stream("EVENTS").await.unwrap();
    eventually("its consumer is there", async || {
        stream.consumer_info("subscriber-billing").await.is_ok()
    })
    .await;

    let mine = format!("mandate.events.{}.consent.granted.x", organization.id);
    publish(&streams, &mine, EVENTS).await;
    let database = PgPool::connect(&system.servers.database.url).await.unwrap();
    eventually("it is seen that they wait", async || {
        let query = "SELECT pending FROM notifier.subscriber_progress";
        let pending: Option<i64> =
            sqlx::query_scalar(query).fetch_optional(&database).await.unwrap();
        pending == Some(i64::try_from(EVENTS).unwrap())
    })
    .await;
    assert!(!list().contains("missed"), "{}", list());

    publish(&streams, "mandate.events.platform.person.registered.x", 2 * LIMIT / 60_000).await;
    let expected = format!("missed at least {EVENTS} events");
    eventually("it is told", async || {
        let listed = list();
        if listed.contains(&expected) { Ok(()) } else { Err(listed) }
    })
    .await;
    // It is the subscriber's to read on: nobody else is disturbed.
    let readiness = system.admin().get("/readyz").await;
    assert_eq!(readiness.status, 200, "{}", readiness.text());
    assert_eq!(readiness.json["checks"]["notifier/subscribers"], json!({ "ok": true }));
    database.close().await;
}
