//! What people typed is in no event: the bytes of every events table, of the log, of the stream that
//! subscribers read and of the messages to audit are searched for it.

use std::collections::BTreeSet;

use async_nats::{Subscriber, jetstream};
use contract::Service;
use eventstore::audit_message;
use futures::StreamExt as _;
use journeys::program;
use journeys::system::System;
use local_servers::testing::NATS_USER;
use serde_json::Value;
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Row};
use stage::{PATIENCE, eventually};

use crate::journey;

/// What the subscriber is called.
const SUBSCRIBER: &str = "billing-of-shelves";

/// What the people of a journey type: names of organizations, apps, keys, tokens, accounts and
/// subscribers, descriptions, labels, websites, people's names and addresses.
const TYPED: [&str; 14] = [
    "Example Apps",
    "shelves.example",
    "Shelf Optimizer",
    "Aisle Optimizer",
    "Keeps shelves in order",
    "for the file",
    "leaked",
    "Spring campaign",
    "journeys",
    "Corner Shop",
    "Number",
    "people.example",
    "operators.example",
    SUBSCRIBER,
];

#[tokio::test]
async fn no_events_table_and_no_message_has_a_byte_of_what_anybody_typed() {
    let system = System::start().await;
    let database = PgPool::connect(&system.servers.database.url).await.unwrap();
    let nats = stage::nats_client(std::slice::from_ref(&system.servers.nats), NATS_USER).await;
    let to_audit = nats.subscribe("mandate.audit.>").await.unwrap();
    // An answer on the same connection: the subscription is known.
    let stream = jetstream::new(nats.clone()).get_stream("EVENTS").await.unwrap();
    let before = producers_events(&database).await;

    let journey = journey::play(&system).await;
    let (file, organization) = (system.servers.file(), &journey.organization.id);
    let arguments = ["subscribers", "add", SUBSCRIBER, "--organization", organization];
    let arguments = [&arguments[..], &["--events", "consent.granted", "--config", &file]].concat();
    program::run(&arguments).succeeded();
    eventually("everything is published", async || {
        let mut waiting = 0;
        for service in Service::ALL {
            waiting += count(&database, &format!("{}.outbox", service.schema())).await;
        }
        if waiting == 0 { Ok(()) } else { Err(format!("{waiting} in outboxes")) }
    })
    .await;

    every_events_table(&database).await;
    everything_was_typed(&database).await;
    let last = stream.get_info().await.unwrap().state.last_sequence;
    assert!(last >= 25, "{last} facts are published");
    for sequence in 1..=last {
        let message = stream.get_raw_message(sequence).await.unwrap();
        nothing_typed(&message.subject, &message.payload);
        nothing_typed("a subject", message.subject.as_bytes());
        nothing_typed("a header", format!("{:?}", message.headers).as_bytes());
    }
    let caused: BTreeSet<String> = &producers_events(&database).await - &before;
    messages_to_audit(to_audit, caused).await;
    database.close().await;
    system.stop().await;
}

async fn every_events_table(database: &PgPool) {
    let tables = "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.columns
                  WHERE column_name = 'envelope'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(database).await.unwrap();
    // Every service's, and the log's entries.
    assert!(tables.len() > Service::ALL.len(), "{tables:?}");
    let (mut searched, mut recorded) = (0, 0);
    for table in tables {
        let events = format!("SELECT envelope FROM {table}");
        let rows = sqlx::query(AssertSqlSafe(events)).fetch_all(database).await.unwrap();
        for row in &rows {
            nothing_typed(&table, row.get(0));
        }
        searched += rows.len();
        recorded = recorded.max(rows.len());
    }
    assert!(searched > recorded && recorded > 25, "{searched} events were searched");
}

/// The words are where they belong, in a table of state, a context or details: the search is for what was
/// really typed.
async fn everything_was_typed(database: &PgPool) {
    let schemas = Service::ALL.map(|service| service.schema().to_owned()).to_vec();
    let tables = "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
                  WHERE table_schema = ANY($1) AND table_type = 'BASE TABLE'";
    let tables: Vec<String> =
        sqlx::query_scalar(tables).bind(schemas).fetch_all(database).await.unwrap();
    for typed in TYPED {
        // Bytes are shown as hexadecimal digits.
        let bytes = hex::encode(typed);
        let mut kept = false;
        for table in &tables {
            let found = format!(
                "SELECT EXISTS (SELECT FROM {table} kept
                 WHERE position($1 IN kept::text) > 0 OR position($2 IN kept::text) > 0)"
            );
            let found = sqlx::query_scalar::<_, bool>(AssertSqlSafe(found));
            kept |= found.bind(typed).bind(&bytes).fetch_one(database).await.unwrap();
        }
        assert!(kept, "nobody typed `{typed}`");
    }
}

/// Reads what audit was told until all these events have come.
async fn messages_to_audit(mut messages: Subscriber, mut awaited: BTreeSet<String>) {
    assert!(awaited.len() > 25, "{awaited:?}");
    while !awaited.is_empty() {
        let message = tokio::time::timeout(PATIENCE, messages.next()).await;
        let message = message.unwrap_or_else(|_| panic!("audit was not told of {awaited:?}"));
        let message = message.unwrap();
        nothing_typed("a subject", message.subject.as_bytes());
        for told in audit_message::read(&message.payload).unwrap() {
            nothing_typed(&message.subject, &told.event);
            let event: Value = serde_json::from_slice(&told.event).unwrap();
            awaited.remove(event["id"].as_str().unwrap());
        }
    }
}

/// The ids of all events that the services have written.
async fn producers_events(database: &PgPool) -> BTreeSet<String> {
    let mut events = BTreeSet::new();
    for service in Service::ALL {
        let ids = format!("SELECT id::text FROM {}.events", service.schema());
        let ids = sqlx::query_scalar::<_, String>(AssertSqlSafe(ids));
        events.extend(ids.fetch_all(database).await.unwrap());
    }
    events
}

async fn count(database: &PgPool, table: &str) -> i64 {
    let rows = format!("SELECT count(*) FROM {table}");
    sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(database).await.unwrap()
}

fn nothing_typed(place: &str, bytes: &[u8]) {
    for typed in TYPED {
        let found = bytes.windows(typed.len()).any(|part| part == typed.as_bytes());
        assert!(!found, "{place} has `{typed}`: {}", String::from_utf8_lossy(bytes));
    }
}
