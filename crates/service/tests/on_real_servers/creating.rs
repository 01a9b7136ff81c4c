//! Creating POSTs, refusals and what producers answer, on a real PostgreSQL.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use axum::routing::{get, post};
use contract::facts::{AccessRefused, Fact, RefusedBecause};
use contract::rpc::{KnownMemberships, StreamEvents, StreamHeads};
use contract::secret::{ApiToken, BearerToken};
use contract::{
    AppId, Authority, Envelope, Environment, OrganizationId, PersonId, RefusalId, Service, Version,
};
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use service::http::{Creation, Path, application};
use service::settings::HttpSettings;
use service::{
    Attempt, AuthenticationError, Authenticator, CallContext, Caller, Denied, Problem, Resources,
    ServiceState, Target,
};
use sqlx::Row;
use stage::{Answer, Client, Servers};

/// What notes are written into; any id will do.
const NOTEBOOK: AppId = AppId::from_uuid(uuid::Uuid::from_u128(1));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateNote {
    text: String,
}

#[derive(Serialize)]
struct Note {
    id: RefusalId,
    text: String,
}

/// A service that has nothing but events, since no service's tables are at hand here.
struct Notes {
    resources: Resources,
    /// Whether callers may write notes at the moment.
    open: AtomicBool,
}

impl ServiceState for Notes {
    fn resources(&self) -> &Resources {
        &self.resources
    }
}

async fn create_note(
    State(notes): State<Arc<Notes>>,
    attempt: Attempt,
    creation: Creation<CreateNote>,
) -> Result<Response, Problem> {
    let Creation { body, idempotency } = creation;
    let open = notes.open.load(Ordering::SeqCst);
    let decision = if open { Ok(Authority::SELF) } else { Err(Denied::Role) };
    let permit = attempt.permit("note.create", Target::of(NOTEBOOK, None), decision).await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return Ok(answer);
    }
    let note = Note { id: notes.resources.env.new_id(), text: body.text };
    let fact = AccessRefused {
        operation: "note.create".to_owned(),
        target: format!("note/{}", note.id),
        reason: RefusedBecause::RoleNotAllowed,
        counted: None,
        counted_since: None,
    };
    let mut unit = permit.begin();
    unit.record(note.id.uuid(), Version::FIRST, &fact)?;
    idempotency.created(unit, format!("/notes/{}", note.id), Version::FIRST, &note).await
}

async fn read_note(attempt: Attempt, Path(id): Path<AppId>) -> Result<(), Problem> {
    attempt.permit("note.read", Target::of(id, None), Err(Denied::Hidden)).await.map(drop)
}

/// Ends many things at once: as many as the caller may.
async fn end_notes(attempt: Attempt, Path(which): Path<String>) -> Result<String, Problem> {
    let decisions = which.chars().enumerate().map(|(place, decision)| {
        let id = AppId::from_uuid(uuid::Uuid::from_u128(100 + place as u128));
        let decision = match decision {
            'y' => Ok(Authority::SELF),
            'r' => Err(Denied::Role),
            _ => Err(Denied::Hidden),
        };
        (place, Target::of(id, None), decision)
    });
    let (permitted, left) = attempt.permit_each("note.end", decisions.collect()).await?;
    let permitted: Vec<usize> = permitted.into_iter().map(|(place, _)| place).collect();
    Ok(format!("{permitted:?} {left:?}"))
}

/// Each token is a person of its own, by its hash.
struct Everyone;

#[async_trait]
impl Authenticator for Everyone {
    async fn authenticate(
        &self,
        token: &BearerToken,
        _: &CallContext,
    ) -> Result<Option<Caller>, AuthenticationError> {
        let uuid = uuid::Uuid::from_slice(&token.hash().0[..16]).unwrap();
        Ok(Some(Caller {
            person_id: PersonId::from_uuid(uuid),
            operator: false,
            memberships: Vec::new(),
            sign_in_required: Vec::new(),
            more_memberships: false,
            credential: contract::Credential::ApiToken(contract::ApiTokenId::from_uuid(uuid)),
            identity_provider_id: None,
            scope: None,
        }))
    }

    async fn memberships_in(
        &self,
        _: &Caller,
        _: &[OrganizationId],
        _: &CallContext,
    ) -> Result<KnownMemberships, AuthenticationError> {
        Ok(KnownMemberships::default())
    }
}

pub(crate) struct Bench {
    pub(crate) resources: Resources,
    notes: Arc<Notes>,
    application: Router,
    pub(crate) servers: Servers,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let servers = Servers::start().await;
        let url = servers.database.url.clone();
        Self::reaching(servers, &url).await
    }

    /// Where the database is reached at this address.
    pub(crate) async fn reaching(servers: Servers, url: &str) -> Self {
        let shared = stage::shared(&Environment::system());
        let resources = stage::connect(Service::AppRegistry, &shared, url, &servers.nats).await;
        let notes = Arc::new(Notes { resources: resources.clone(), open: AtomicBool::new(true) });
        let routes = Router::new()
            .route("/notes", post(create_note))
            .route("/notes/{id}", get(read_note))
            .route("/ended-notes/{which}", post(end_notes))
            .with_state(Arc::clone(&notes));
        let settings = HttpSettings::default();
        let application =
            application(routes, Arc::new(Everyone), &resources.env, &settings, &resources.metrics);
        Self { resources, notes, application, servers }
    }

    fn client(&self, token: &ApiToken) -> Client {
        Client::anonymous(&self.application).with_token(token.reveal())
    }

    pub(crate) async fn create(&self, token: &ApiToken, key: Option<&str>, text: &str) -> Answer {
        let request = self.client(token).request(Method::POST, "/notes");
        let request = request.json(serde_json::json!({"text": text}));
        match key {
            Some(key) => request.header("idempotency-key", key).send().await,
            None => request.send().await,
        }
    }

    /// Something that the caller may not.
    pub(crate) async fn be_refused(&self, token: &ApiToken) -> Answer {
        self.client(token).request(Method::POST, "/ended-notes/r").send().await
    }

    pub(crate) async fn events(&self) -> Vec<Envelope> {
        let rows = sqlx::query("SELECT envelope FROM app_registry.events ORDER BY seq");
        let mut admin =
            <sqlx::PgConnection as sqlx::Connection>::connect(&self.servers.database.url)
                .await
                .unwrap();
        let rows = rows.fetch_all(&mut admin).await.unwrap();
        rows.iter().map(|row| Envelope::parse(row.get(0)).unwrap()).collect()
    }
}

fn replayed(answer: &Answer) -> bool {
    answer.headers.contains_key("idempotent-replayed")
}

#[tokio::test]
async fn a_repeated_creation_is_answered_the_same_and_carried_out_once() {
    let bench = Bench::new().await;
    let token = ApiToken::generate(&bench.resources.env);
    let first = bench.create(&token, Some("key-1"), "a").await;
    assert!(first.status == 201 && !replayed(&first), "{first:?}");
    let again = bench.create(&token, Some("key-1"), "a").await;
    assert!(again.status == 201 && replayed(&again), "{again:?}");
    assert_eq!(again.json, first.json);
    for header in ["location", "etag"] {
        assert_eq!(again.header(header), first.header(header));
    }
    assert_eq!(again.header("etag"), "\"1\"");
    assert_eq!(bench.events().await.len(), 1);

    let reused = bench.create(&token, Some("key-1"), "b").await;
    reused.problem(422, "idempotency-key-reused");
    let wrong = bench.create(&token, Some("two words"), "b").await;
    wrong.problem(400, "invalid-idempotency-key");
}

#[tokio::test]
async fn keys_of_different_callers_never_meet_and_without_a_key_all_is_new() {
    let bench = Bench::new().await;
    let one = ApiToken::generate(&bench.resources.env);
    let other = ApiToken::generate(&bench.resources.env);
    for (token, key) in [(&one, Some("k")), (&other, Some("k")), (&one, None), (&one, None)] {
        let answer = bench.create(token, key, "a").await;
        assert!(answer.status == 201 && !replayed(&answer), "{answer:?}");
    }
    assert_eq!(bench.events().await.len(), 4);
}

#[tokio::test]
async fn of_simultaneous_repetitions_one_creates() {
    let bench = Bench::new().await;
    let token = ApiToken::generate(&bench.resources.env);
    let answers = join_all((0..32).map(|_| bench.create(&token, Some("k"), "a"))).await;
    let created = answers.iter().filter(|a| a.status == 201 && !replayed(a)).count();
    assert_eq!(created, 1);
    for answer in answers.iter().filter(|a| a.status != 201) {
        answer.problem(409, "idempotency-key-in-use");
    }
    assert_eq!(bench.events().await.len(), 1);
}

#[tokio::test]
async fn whoever_may_no_more_does_not_get_the_answer_of_before() {
    let bench = Bench::new().await;
    let token = ApiToken::generate(&bench.resources.env);
    assert_eq!(bench.create(&token, Some("key-1"), "a").await.status, 201);
    bench.notes.open.store(false, Ordering::SeqCst);
    let refused = bench.create(&token, Some("key-1"), "a").await;
    refused.problem(403, "role-not-allowed");
    let kinds: Vec<_> = bench.events().await.iter().map(|event| event.subject.clone()).collect();
    assert_eq!(kinds.len(), 2, "the creation and the refusal: {kinds:?}");
}

#[tokio::test]
async fn what_is_hidden_what_is_not_there_and_what_cannot_be_read_are_missing_alike() {
    let bench = Bench::new().await;
    let token = ApiToken::generate(&bench.resources.env);
    for id in ["00000000-0000-0000-0000-000000000001", "nothing", "%F0%9F%92%A9"] {
        let answer = bench.client(&token).get(&format!("/notes/{id}")).await;
        answer.problem(404, "app-not-found");
        assert_eq!(answer.field("detail"), "There is no such app.", "{id}");
    }
    assert!(bench.events().await.is_empty(), "who must not know is not recorded either");
}

#[tokio::test]
async fn of_many_things_those_are_changed_that_may_be_and_a_role_that_suffices_for_none_is_recorded()
 {
    let bench = Bench::new().await;
    let client = bench.client(&ApiToken::generate(&bench.resources.env));
    let some = client.act("/ended-notes/ryhy").await.expect(200);
    assert_eq!(some.text(), "[1, 3] [0, 2]");
    assert!(bench.events().await.is_empty());

    client.act("/ended-notes/hh").await.problem(404, "app-not-found");
    assert!(bench.events().await.is_empty(), "who must not know is not recorded");
    // Whatever comes first or last: the caller knows of one of them.
    for which in ["rh", "hr", "hrh"] {
        client.act(&format!("/ended-notes/{which}")).await.problem(403, "role-not-allowed");
    }
    let events = bench.events().await;
    let targets = events.iter().map(|event| event.fact::<AccessRefused>().unwrap().target);
    let id = |place: u128| format!("app/{}", uuid::Uuid::from_u128(100 + place));
    assert_eq!(targets.collect::<Vec<_>>(), [id(0), id(1), id(1)]);
}

#[tokio::test]
async fn a_refused_attempt_leaves_its_event_with_its_context_apart() {
    let bench = Bench::new().await;
    let token = ApiToken::generate(&bench.resources.env);
    bench.notes.open.store(false, Ordering::SeqCst);
    let request = bench.client(&token).request(Method::POST, "/notes");
    let request = request
        .json(serde_json::json!({ "text": "a" }))
        .header("user-agent", "somebody's browser")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    request.send().await.expect(403);
    let events = bench.events().await;
    let refused: AccessRefused = events[0].fact().unwrap();
    assert_eq!(refused.operation, "note.create");
    assert_eq!(refused.target, format!("app/{NOTEBOOK}"));
    assert_eq!(refused.reason, RefusedBecause::RoleNotAllowed);
    assert_eq!(events[0].kind, AccessRefused::TYPE);
    assert!(events[0].contexthash.is_some());
    let trace = events[0].traceparent.unwrap();
    assert_eq!(trace.trace_id(), "0af7651916cd43dd8448eb211c80319c");
    let bytes = String::from_utf8(events[0].canonical().unwrap()).unwrap();
    assert!(!bytes.contains("browser"));
}

#[tokio::test]
async fn a_producer_gives_its_events_to_who_misses_them() {
    let bench = Bench::new().await;
    bench.resources.serve_producer_rpc(std::time::Duration::from_mins(1)).await.unwrap();
    let token = ApiToken::generate(&bench.resources.env);
    bench.create(&token, None, "a").await;
    let event = bench.events().await.remove(0);
    let asked = StreamEvents {
        stream_id: event.stream_id(),
        from: Version::FIRST,
        to: event.streamversion.next(),
    };
    let repair = bench.resources.repair();
    let stored = repair.stream_events(Service::AppRegistry, asked).await.unwrap();
    assert_eq!(stored.len(), 1);
    let envelope = Envelope::parse(stored[0].envelope.as_bytes()).unwrap();
    assert_eq!(envelope.id, event.id);

    let context = CallContext::new(&bench.resources.env);
    let heads = StreamHeads { limit: 10, ..StreamHeads::default() };
    let page = bench.resources.rpc.call_at(Service::AppRegistry, &context, &heads).await.unwrap();
    // Nothing is settled within a minute.
    assert_eq!((page.heads.len(), page.last_seq), (0, 0));
}
