//! What people typed is in no event: the bytes of every events table, of the log and of the stream that
//! subscribers read are searched for it.

use async_nats::jetstream;
use journeys::system::System;
use local_servers::testing::NATS_USER;
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Row};
use stage::eventually;

use crate::journey;

/// What the people of a journey type: names of organizations, apps, keys and accounts, people's names and
/// addresses.
const TYPED: [&str; 9] = [
    "Example Apps",
    "Shelf Optimizer",
    "Aisle Optimizer",
    "for the file",
    "leaked",
    "Corner Shop",
    "Number",
    "people.example",
    "example.com",
];

#[tokio::test]
async fn no_events_table_and_no_message_has_a_byte_of_what_anybody_typed() {
    let system = System::start().await;
    journey::play(&system).await;
    let database = PgPool::connect(&system.servers.database.url).await.unwrap();

    let tables = "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.columns
                  WHERE column_name = 'envelope'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&database).await.unwrap();
    // The five producers', and the log's entries.
    assert!(tables.len() >= 6, "{tables:?}");
    let (mut searched, mut recorded) = (0, 0);
    for table in tables {
        let events = format!("SELECT envelope FROM {table}");
        let rows = sqlx::query(AssertSqlSafe(events)).fetch_all(&database).await.unwrap();
        for row in &rows {
            nothing_typed(&table, row.get(0));
        }
        searched += rows.len();
        recorded = recorded.max(rows.len());
    }
    assert!(searched > recorded && recorded > 25, "{searched} events were searched");

    // The names are where they belong: beside the events.
    let kept = sqlx::query_scalar::<_, i64>(
        "SELECT count(*) FROM app_registry.details WHERE position($1::bytea IN details) > 0",
    );
    let kept = kept.bind("Aisle Optimizer".as_bytes()).fetch_one(&database).await.unwrap();
    assert!(kept > 0, "an app's name is kept beside its events");

    let nats = stage::nats_client(std::slice::from_ref(&system.servers.nats), NATS_USER).await;
    let stream = jetstream::new(nats).get_stream("EVENTS").await.unwrap();
    let last = eventually("the events are published", async || {
        let last = stream.get_info().await.unwrap().state.last_sequence;
        (last >= 25).then_some(last)
    })
    .await;
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await.unwrap();
        nothing_typed(&message.subject, &message.payload);
        nothing_typed("a subject", message.subject.as_bytes());
        nothing_typed("a header", format!("{:?}", message.headers).as_bytes());
    }
    system.stop().await;
}

fn nothing_typed(place: &str, bytes: &[u8]) {
    for typed in TYPED {
        let found = bytes.windows(typed.len()).any(|part| part == typed.as_bytes());
        assert!(!found, "{place} has `{typed}`: {}", String::from_utf8_lossy(bytes));
    }
}
