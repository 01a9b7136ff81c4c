//! Adding and removing subscribers on a real PostgreSQL, as the service's own role.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use contract::{Environment, OrganizationId, Service};
use eventstore::EventStore;
use local_servers::testing::TestDatabase;
use notifier::{
    NewSubscriber, SubscriberError, add_subscriber, list_subscribers, remove_subscriber,
};
use service::settings::DatabaseSettings;
use sqlx::PgPool;

struct Notifier {
    events: EventStore,
    pool: PgPool,
    organization: OrganizationId,
    database: TestDatabase,
}

impl Notifier {
    async fn new() -> Self {
        let database = stage::database().await;
        let settings =
            DatabaseSettings { url: database.url.as_str().into(), ..DatabaseSettings::default() };
        let pool = service::connect::database(Service::Notifier, &settings).unwrap();
        let environment = Environment::system();
        let organization = environment.new_id();
        let events = EventStore::new(Service::Notifier, pool.clone(), environment);
        Self { events, pool, organization, database }
    }

    fn wanted(&self, name: &str) -> NewSubscriber {
        NewSubscriber::parse(name, self.organization, &["consent.granted".to_owned()]).unwrap()
    }

    async fn names(&self) -> Vec<String> {
        let live = list_subscribers(&self.pool).await.unwrap();
        live.into_iter().map(|subscriber| subscriber.name).collect()
    }
}

#[tokio::test]
async fn each_change_has_its_event_which_does_not_tell_the_name() {
    let notifier = Notifier::new().await;
    let (added, _) =
        add_subscriber(&notifier.events, notifier.wanted("billing"), |_, _| Ok(())).await.unwrap();
    add_subscriber(&notifier.events, notifier.wanted("archive"), |_, _| Ok(())).await.unwrap();
    assert_eq!(notifier.names().await, ["archive", "billing"]);
    remove_subscriber(&notifier.events, "billing").await.unwrap();
    assert_eq!(notifier.names().await, ["archive"]);

    let recorded: Vec<(i64, String, String)> = sqlx::query_as(
        "SELECT version::bigint, type, convert_from(envelope, 'UTF8') FROM notifier.events
         WHERE stream_id = $1 ORDER BY version",
    )
    .bind(added.id.uuid())
    .fetch_all(&notifier.pool)
    .await
    .unwrap();
    let types: Vec<_> = recorded.iter().map(|(version, name, _)| (*version, &**name)).collect();
    assert_eq!(types, [(1, "mandate.subscriber.added.v1"), (2, "mandate.subscriber.removed.v1")]);
    for (_, name, envelope) in &recorded {
        assert!(envelope.contains(r#""source":"/mandate/notifier""#), "{envelope}");
        assert!(envelope.contains(&notifier.organization.to_string()), "{envelope}");
        assert!(!envelope.contains("billing"), "{name} tells what was typed: {envelope}");
    }
}

#[tokio::test]
async fn a_subscriber_whose_password_nobody_saw_never_was() {
    let notifier = Notifier::new().await;
    let nobody_reads = |_: &_, _: &_| Err(std::io::ErrorKind::BrokenPipe.into());
    let added = add_subscriber(&notifier.events, notifier.wanted("billing"), nobody_reads).await;
    assert!(matches!(added, Err(SubscriberError::NotShown(_))), "{added:?}");
    assert!(notifier.names().await.is_empty());
    // Its name is not taken either.
    add_subscriber(&notifier.events, notifier.wanted("billing"), |_, _| Ok(())).await.unwrap();
}

#[tokio::test]
async fn a_name_is_one_subscribers_for_ever() {
    let notifier = Notifier::new().await;
    let add =
        async || add_subscriber(&notifier.events, notifier.wanted("billing"), |_, _| Ok(())).await;
    add().await.unwrap();
    assert!(matches!(add().await, Err(SubscriberError::NameTaken(name)) if name == "billing"));
    remove_subscriber(&notifier.events, "billing").await.unwrap();
    assert!(matches!(add().await, Err(SubscriberError::NameTaken(_))));
    let again = remove_subscriber(&notifier.events, "billing").await;
    assert!(matches!(again, Err(SubscriberError::Unknown(_))), "{again:?}");
}

#[tokio::test]
async fn the_database_refuses_what_would_change_or_revive_a_subscriber() {
    let notifier = Notifier::new().await;
    add_subscriber(&notifier.events, notifier.wanted("billing"), |_, _| Ok(())).await.unwrap();
    let owner = PgPool::connect(&notifier.database.url).await.unwrap();
    let refused = async |statement: &'static str| {
        let error = sqlx::query(statement).execute(&owner).await.unwrap_err();
        assert!(error.to_string().contains("can only be removed, once"), "{error}");
    };
    refused("UPDATE notifier.subscribers SET name = 'other'").await;
    refused("UPDATE notifier.subscribers SET events = '{app.created}'").await;
    remove_subscriber(&notifier.events, "billing").await.unwrap();
    refused("UPDATE notifier.subscribers SET removed_at = NULL").await;
    owner.close().await;
}
