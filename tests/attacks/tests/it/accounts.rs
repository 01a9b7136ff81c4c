//! No part speaks for another: whoever has one login to NATS has that one.
//!
//! The server publishes answers with its own rights. Under a login in the streams' account, asking for a stored
//! message with another's subject for the answer put it there as that other's word.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, jetstream};
use contract::Service;
use eventstore::transport::IMPORTED_API;
use eventstore::{Transport, TransportSettings};
use futures::{FutureExt, StreamExt};
use local_servers::{Nats, NatsGuest, NatsOptions, NatsUser};
use mandate::nats_accounts;

use crate::jetstream_api::{operations, state, targets};

/// Stands for personal data on its way to audit.
const SECRET: &str = "198.51.100.7";

/// Looks at everything in the streams' account: only a test has such a login.
const WITNESS: &str = "witness";

/// A reader outside; it is its password too.
const SUBSCRIBER: &str = "subscriber";

async fn server() -> Nats {
    let options = nats_accounts::separate(NatsOptions::throwaway(Vec::new()).unwrap());
    let mut users = options.users.clone();
    users.push(NatsUser::unlimited(WITNESS));
    let guests = vec![NatsGuest {
        name: SUBSCRIBER.to_owned(),
        password_hash: "$2a$05$abcdefghijklmnopqrstuub3qwOIcrw0nFL2n9HBWxcMQZzcwg5Ge".to_owned(),
        publish: vec![
            format!("$JS.API.CONSUMER.MSG.NEXT.EVENTS.{SUBSCRIBER}"),
            format!("$JS.ACK.EVENTS.{SUBSCRIBER}.>"),
        ],
        subscribe: vec![format!("_INBOX.{SUBSCRIBER}.>")],
    }];
    Nats::start(NatsOptions { users, guests, ..options }).await.unwrap()
}

async fn connect(nats: &Nats, login: &str) -> Client {
    let password = nats.password_of(login).unwrap_or(SUBSCRIBER).to_owned();
    ConnectOptions::new()
        .user_and_password(login.to_owned(), password)
        .custom_inbox_prefix(format!("_INBOX.{login}"))
        .connect(nats.url())
        .await
        .unwrap()
}

/// Whether a subject in the streams' account is not the attacker's to speak under.
fn forged(attacker: &str, subject: &str) -> bool {
    let own: Option<Service> = attacker.parse().ok();
    let mut words = subject.split('.').skip(1);
    match (words.next(), words.nth(1)) {
        (Some("events"), Some(aggregate)) => {
            !own.is_some_and(|own| own.aggregates().contains(&aggregate))
        }
        (Some("audit"), _) => subject != format!("mandate.audit.{attacker}"),
        _ => true,
    }
}

#[tokio::test]
async fn whatever_a_login_asks_of_jetstream_the_answer_is_nobody_elses_word() {
    let nats = server().await;
    let administration =
        Transport::new(connect(&nats, nats_accounts::ADMIN).await, TransportSettings::default());
    administration.make_all().await.unwrap();
    let witness = connect(&nats, WITNESS).await;
    let streams = jetstream::new(witness.clone());
    let mut seen = witness.subscribe("mandate.>").await.unwrap();
    witness.flush().await.unwrap();
    // What is there by right. JetStream may be made to say it again, under the subject that it has: consumers
    // know what comes twice.
    let mut said = BTreeSet::new();
    for (subject, text) in [
        ("mandate.events.platform.sign-in.recorded.one", "an operator signed in"),
        ("mandate.events.platform.app.suspended.two", "an app was suspended"),
        ("mandate.audit.directory", SECRET),
    ] {
        streams.publish(subject, text.into()).await.unwrap().await.unwrap();
        said.insert((subject.to_owned(), text.as_bytes().to_vec()));
    }
    let before = state(&streams).await;

    for attacker in Service::ALL.map(Service::name).into_iter().chain(["observer", SUBSCRIBER]) {
        let client = connect(&nats, attacker).await;
        let everything = match attacker {
            "observer" => "mandate.events.>",
            SUBSCRIBER => "_INBOX.subscriber.>",
            _ => ">",
        };
        let mut received = client.subscribe(everything).await.unwrap();
        for target in targets() {
            for (call, payload) in operations(&target) {
                for prefix in ["$JS.API", IMPORTED_API] {
                    let (subject, payload) = (format!("{prefix}.{call}"), payload.clone());
                    let asked = client.publish_with_reply(subject, target.clone(), payload.into());
                    asked.await.unwrap();
                }
            }
            // Of what others keep the word, the attacker gives it too.
            let straight = client.publish(target, "forged".into());
            straight.await.unwrap();
        }
        client.flush().await.unwrap();
        let after = settled(&streams).await;
        while let Some(Some(message)) = seen.next().now_or_never() {
            let saying = (message.subject.to_string(), message.payload.to_vec());
            let new = !said.contains(&saying);
            let subject = &saying.0;
            assert!(!new || !forged(attacker, subject), "{attacker} spoke as another: {subject}");
            said.insert(saying);
        }
        while let Some(Some(message)) = received.next().now_or_never() {
            let text = String::from_utf8_lossy(&message.payload).into_owned();
            let read = text.contains(SECRET) && attacker != Service::Audit.name();
            assert!(!read, "{attacker} read what goes to audit: {text}");
        }
        assert_eq!(after, before, "{attacker}");
    }
}

/// The state once JetStream has dealt with what it was asked before: it answers what comes later, later.
async fn settled(streams: &jetstream::Context) -> Vec<String> {
    let mut last = state(streams).await;
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    loop {
        looks.tick().await;
        let now = state(streams).await;
        if now == last {
            return now;
        }
        last = now;
    }
}

#[tokio::test]
async fn an_observer_does_not_answer_whoever_publishes() {
    let nats = server().await;
    let observer = connect(&nats, "observer").await;
    let mut looking = observer.subscribe("mandate.events.>").await.unwrap();
    observer.flush().await.unwrap();
    let witness = connect(&nats, WITNESS).await;
    let mut answers = witness.subscribe("mandate.audit.directory").await.unwrap();
    let subject = "mandate.events.platform.app.suspended.one";
    let published =
        witness.publish_with_reply(subject, "mandate.audit.directory", "an event".into());
    published.await.unwrap();
    let seen = looking.next().await.unwrap();
    observer.publish(seen.reply.unwrap(), "forged".into()).await.unwrap();
    observer.flush().await.unwrap();
    witness.flush().await.unwrap();
    assert!(answers.next().now_or_never().is_none());
}
