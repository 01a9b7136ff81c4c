//! A PostgreSQL, a NATS, producers that are not there in truth, and as many replicas of audit as a
//! test wants.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod events;
pub(crate) mod log;
mod people;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use contract::rpc::{AccountRolesOf, RepeatEvents, StreamEvents, StreamHeads, UnknownEvents};
use contract::{
    Actor, Authority, Context, Envelope, Environment, OrganizationId, PersonId, Provenance, Sealed,
    Service,
};
use eventstore::audit_message::{self, EventWithParts};
use eventstore::transport::{AUDIT, Transport};
use service::settings::HttpSettings;
use service::{Health, Problem, Resources, Shared, StartError, Tasks};
use sqlx::PgPool;
use stage::{Answer, Client, Person, Servers, eventually};

pub(crate) use events::{Events, Parts};
pub(crate) use people::People;

/// The servers of one test.
pub(crate) struct World {
    pub(crate) env: Environment,
    pub(crate) servers: Servers,
    /// As the database's owner.
    pub(crate) sql: PgPool,
    pub(crate) transport: Transport,
    pub(crate) people: Arc<People>,
}

/// A replica of audit that runs.
pub(crate) struct Replica {
    pub(crate) routes: Router,
    pub(crate) health: Health,
    tasks: Tasks,
}

impl World {
    pub(crate) async fn new() -> Self {
        let servers = Servers::start().await;
        let env = Environment::system();
        let sql = servers.superuser().await;
        let producer = servers.connect(Service::AppRegistry, &stage::shared(&env)).await;
        let transport = producer.transport;
        eventually("JetStream answers", async || transport.stream(AUDIT).await).await;
        Self { env, servers, sql, transport, people: Arc::default() }
    }

    /// Starts a replica of audit.
    pub(crate) async fn audit(&self) -> Replica {
        self.start(audit::Settings { reconcile_seconds: 1, ..audit::Settings::default() })
            .await
            .unwrap()
    }

    /// Starts a replica whose own events come into the log, and who answers for them.
    pub(crate) async fn audit_with_its_own_events(&self) -> Replica {
        let shared = stage::shared(&self.env);
        let resources = self.servers.connect(Service::Audit, &shared).await;
        resources.serve_producer_rpc(Duration::from_mins(1)).await.unwrap();
        resources.start_relays();
        let settings = audit::Settings { reconcile_seconds: 1, ..audit::Settings::default() };
        self.start_on(resources, shared, settings).await.unwrap()
    }

    /// Starts a service that records events, has them sent, and answers for them.
    pub(crate) async fn service(&self, service: Service) -> Resources {
        let resources = self.servers.connect(service, &stage::shared(&self.env)).await;
        resources.serve_producer_rpc(Duration::from_mins(1)).await.unwrap();
        resources.start_relays();
        resources
    }

    /// Starts a replica with these settings.
    pub(crate) async fn start(&self, settings: audit::Settings) -> Result<Replica, StartError> {
        let shared = stage::shared(&self.env);
        let resources = self.servers.connect(Service::Audit, &shared).await;
        self.start_on(resources, shared, settings).await
    }

    /// The same with its relay: what audit itself records comes to its log.
    pub(crate) async fn start_with_relay(&self, settings: audit::Settings) -> Replica {
        let shared = stage::shared(&self.env);
        let resources = self.servers.connect(Service::Audit, &shared).await;
        resources.start_relays();
        self.start_on(resources, shared, settings).await.unwrap()
    }

    async fn start_on(
        &self,
        resources: Resources,
        shared: Shared,
        settings: audit::Settings,
    ) -> Result<Replica, StartError> {
        let routes = match audit::start(resources, settings).await {
            Ok(routes) => routes,
            Err(error) => {
                assert!(shared.tasks.shutdown(Duration::from_secs(30)).await);
                return Err(error);
            }
        };
        let people = Arc::clone(&self.people.callers);
        let routes = service::http::application(
            routes,
            people,
            &self.env,
            &HttpSettings::default(),
            &service::Metrics::default(),
        );
        Ok(Replica { routes, health: shared.health, tasks: shared.tasks })
    }

    /// Starts a producer that answers for these events.
    pub(crate) async fn producer(&self, events: &Events) {
        let shared = stage::shared(&self.env);
        let resources = self.servers.connect(Service::AppRegistry, &shared).await;
        let told = events.clone();
        resources
            .serve_rpc::<StreamEvents, _, _>(move |_, asked| {
                std::future::ready(Ok(told.stream_events(&asked)))
            })
            .await
            .unwrap();
        let told = events.clone();
        resources
            .serve_rpc::<StreamHeads, _, _>(move |_, asked| {
                std::future::ready(Ok(told.stream_heads(&asked)))
            })
            .await
            .unwrap();
        let told = events.clone();
        resources
            .serve_rpc::<UnknownEvents, _, _>(move |_, asked| {
                std::future::ready(Ok(told.unknown_of(asked)))
            })
            .await
            .unwrap();
        let (told, jetstream) = (events.clone(), self.transport.jetstream().clone());
        resources
            .serve_rpc::<RepeatEvents, _, _>(move |_, asked| {
                let (events, jetstream) = (told.message(&asked), jetstream.clone());
                let repeating = told.repeating().clone();
                async move {
                    if repeating.refuses() {
                        return Err(Problem::internal("the test").into());
                    }
                    if repeating.loses() {
                        return Ok(events.len() as u64);
                    }
                    let subject = audit_message::subject(Service::AppRegistry);
                    let payload = audit_message::write(&events).into();
                    let sent = jetstream.publish(subject, payload).await.unwrap();
                    sent.await.unwrap();
                    Ok(events.len() as u64)
                }
            })
            .await
            .unwrap();
    }

    /// Starts a directory that knows who holds a role on an account.
    pub(crate) async fn directory(&self) {
        let shared = stage::shared(&self.env);
        let resources = self.servers.connect(Service::Directory, &shared).await;
        let people = Arc::clone(&self.people);
        resources
            .serve_rpc::<AccountRolesOf, _, _>(move |_, asked| {
                std::future::ready(Ok(people.roles(&asked)))
            })
            .await
            .unwrap();
    }

    /// Publishes an event, as a relay does, and awaits that it is stored.
    pub(crate) async fn publish(&self, bytes: &[u8]) {
        let event = bytes.to_vec().into();
        self.publish_with(&EventWithParts { event, context: None, details: None }).await;
    }

    /// The same with its parts.
    pub(crate) async fn publish_with(&self, event: &EventWithParts) {
        let service = Envelope::parse(&event.event).unwrap().source;
        self.publish_message(&audit_message::subject(service), &audit_message::write([event]))
            .await;
    }

    /// Publishes anything to audit's work queue.
    pub(crate) async fn publish_message(&self, subject: &str, bytes: &[u8]) {
        let jetstream = self.transport.jetstream();
        let sent = jetstream.publish(subject.to_owned(), bytes.to_vec().into());
        sent.await.unwrap().await.unwrap();
    }

    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.sql).await.unwrap()
    }

    /// Changes one row, as the database's owner.
    pub(crate) async fn change(&self, sql: &'static str) {
        let done = sqlx::query(sql).execute(&self.sql).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "{sql}");
    }

    /// Publishes these in one message.
    pub(crate) async fn publish_life(&self, life: &[EventWithParts]) {
        self.publish_message(
            &audit_message::subject(Service::AppRegistry),
            &audit_message::write(life),
        )
        .await;
    }

    /// How many messages were not dealt with yet.
    pub(crate) async fn waiting_in_queue(&self) -> u64 {
        let queue = self.transport.stream(AUDIT).await.unwrap();
        queue.cached_info().state.messages
    }

    pub(crate) async fn awaited_parts(&self) -> i64 {
        self.count("SELECT count(*) FROM audit.awaited_parts").await
    }

    /// Awaits that so many parts were asked for, and their producer has promised them.
    pub(crate) async fn until_parts_were_asked_for(&self, count: i64) {
        let asked = "SELECT count(*) FROM audit.awaited_parts WHERE asked_at IS NOT NULL";
        eventually("the producer has promised", async || self.count(asked).await == count).await;
    }

    /// So that they are asked for again.
    pub(crate) async fn minutes_pass_since_parts_were_asked_for(&self) {
        let later = "UPDATE audit.awaited_parts SET asked_at = asked_at - interval '9 minutes'";
        sqlx::query(later).execute(&self.sql).await.unwrap();
    }

    /// Awaits that so many contexts and so many details are kept.
    pub(crate) async fn until_kept(&self, contexts: i64, details: i64) {
        eventually(&format!("{contexts} contexts and {details} details are kept"), async || {
            self.count("SELECT count(*) FROM audit.entry_contexts").await == contexts
                && self.count("SELECT count(*) FROM audit.entry_details").await == details
        })
        .await;
    }

    pub(crate) async fn recorded(&self) -> i64 {
        self.count("SELECT count(*) FROM audit.entries").await
    }

    /// Awaits that so many events are recorded.
    pub(crate) async fn until_recorded(&self, count: i64) {
        eventually(&format!("{count} events are recorded"), async || {
            self.recorded().await >= count
        })
        .await;
    }

    /// Positions are 1, 2, 3 …, and within each stream so are the versions, in the same order.
    pub(crate) async fn assert_dense(&self, count: i64) {
        assert_eq!(self.recorded().await, count);
        assert_eq!(self.count("SELECT max(position) FROM audit.entries").await, count);
        assert_eq!(self.count("SELECT size FROM audit.head").await, count);
        let disordered = self
            .count(
                "SELECT count(*) FROM (SELECT version, row_number() OVER (PARTITION BY stream_id ORDER BY position)
                 AS place FROM audit.entries) AS placed WHERE version <> place",
            )
            .await;
        assert_eq!(disordered, 0, "versions in the order of positions");
    }
}

impl Replica {
    /// Ends it in order.
    pub(crate) async fn stop(self) {
        assert!(self.tasks.shutdown(Duration::from_secs(30)).await);
    }

    /// Someone, as a caller of this replica.
    pub(crate) fn client(&self, person: &Person) -> Client {
        person.at(&self.routes)
    }

    pub(crate) async fn get(&self, person: &Person, path: &str) -> Answer {
        self.client(person).get(path).await
    }

    /// All pages of a list, as the items' positions.
    pub(crate) async fn positions(&self, person: &Person, path: &str) -> Vec<i64> {
        let mut positions = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(person, &format!("{path}{cursor}")).await.expect(200).json;
            positions.extend(
                page["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|item| item["position"].as_i64().unwrap()),
            );
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return positions,
            }
        }
    }
}

/// A person acting from an address and typing something.
pub(crate) fn acting(
    env: &Environment,
    person: PersonId,
    organization: OrganizationId,
) -> (Provenance, Parts) {
    let context = Context { address: Some("192.0.2.1".to_owned()), ..Context::default() };
    let details = serde_json::json!({ "name": "Shelf Optimizer" });
    let parts = Parts {
        context: Some(Sealed::seal(&context, env)),
        details: Some(Sealed::seal(&details, env)),
    };
    let authority = Authority::role("owner");
    #[expect(clippy::disallowed_methods, reason = "the services' permits are not at hand here")]
    let mut provenance =
        Provenance::permitted(Actor::Person(person), authority, Some(organization), env.new_id());
    provenance.context = Some(context);
    (provenance, parts)
}
