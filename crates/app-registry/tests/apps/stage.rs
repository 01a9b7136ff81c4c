//! The app registry with an organization's people and a directory that says what it is told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use contract::rpc::{
    EventPlace, GetOrganization, MemberRole, OrganizationKind, OrganizationView, PlacesOf,
};
use contract::secret::ApiToken;
use contract::{Environment, OrganizationId, Service};
use serde_json::{Value, json};
use service::Resources;
use service::settings::HttpSettings;
use stage::{Cast, Client, People, Person, Servers};

/// Everything a test needs.
pub struct Stage {
    pub resources: Resources,
    pub organization: OrganizationId,
    pub other_organization: OrganizationId,
    pub cast: Cast,
    pub servers: Servers,
    router: Router,
    people: Arc<People>,
    directory: Arc<Mutex<HashMap<OrganizationId, OrganizationView>>>,
}

/// The body of a draft with what is needed and nothing more.
pub fn draft() -> Value {
    json!({"name": "Shelf Optimizer", "authentication_method": "client_credentials"})
}

/// The body of a draft that can be activated.
pub fn complete() -> Value {
    json!({
        "name": "Shelf Optimizer", "description": "Keeps shelves full.",
        "authentication_method": "client_credentials", "service": "retail_media",
        "domains": [{"domain": "campaigns", "level": "manage"}],
    })
}

/// The body of a draft that authenticates by authorization code and can be activated.
pub fn by_code() -> Value {
    let mut body = complete();
    body["authentication_method"] = json!("authorization_code");
    body
}

impl Stage {
    /// Servers, the service, and the people.
    pub async fn set() -> Self {
        let servers = Servers::start().await;
        let env = Environment::system();
        let shared = stage::shared(&env);
        let resources = servers.connect(Service::AppRegistry, &shared).await;
        let people = Arc::new(People::default());
        let cast = people.cast(&env);
        let (organization, other_organization) = (cast.organization, cast.other_organization);
        let directory = Arc::new(Mutex::new(HashMap::from(
            [organization, other_organization].map(|id| (id, organization_view(id))),
        )));
        let told = Arc::clone(&directory);
        servers
            .connect(Service::Directory, &shared)
            .await
            .serve_rpc(move |_, asked: GetOrganization| {
                let known = told.lock().unwrap().get(&asked.organization_id).cloned();
                async move { Ok(known) }
            })
            .await
            .unwrap();
        let endpoints = app_registry::start(resources.clone(), app_registry::Settings::default())
            .await
            .unwrap();
        let router = service::http::application(
            endpoints,
            people.clone(),
            &env,
            &HttpSettings::default(),
            &service::Metrics::default(),
        );
        Self {
            resources,
            organization,
            other_organization,
            cast,
            servers,
            router,
            people,
            directory,
        }
    }

    pub fn owner(&self) -> Client {
        self.cast.owner.at(&self.router)
    }

    pub fn developer(&self) -> Client {
        self.cast.developer.at(&self.router)
    }

    pub fn auditor(&self) -> Client {
        self.cast.auditor.at(&self.router)
    }

    /// An operator of the platform, member of no organization.
    pub fn operator(&self) -> Client {
        self.cast.operator.at(&self.router)
    }

    /// An owner of another organization.
    pub fn stranger(&self) -> Client {
        self.cast.stranger.at(&self.router)
    }

    /// Someone new with these roles.
    pub fn person_in(&self, memberships: &[(OrganizationId, MemberRole)]) -> Client {
        self.people.admit(&self.resources.env, false, memberships).at(&self.router)
    }

    /// Gives someone these roles in place of those they had.
    pub fn change_roles(&self, person: &Person, memberships: &[(OrganizationId, MemberRole)]) {
        self.people.change_roles(person, memberships);
    }

    /// Someone whose token is nobody's.
    pub fn nobody(&self) -> Client {
        Client::anonymous(&self.router).with_token(ApiToken::generate(&self.resources.env).reveal())
    }

    /// An app that was just activated.
    pub async fn active_app(&self) -> String {
        let developer = self.developer();
        let id = developer.post("/v1/apps", complete()).await.field("id");
        developer.act(&format!("/v1/apps/{id}/activate")).await.expect(200);
        id
    }

    /// Sets whether the organization's contact address is confirmed.
    pub fn confirm(&self, confirmed: bool) {
        self.in_directory(|organization| organization.confirmed = confirmed);
    }

    /// Enables a domain on request for the organization.
    pub fn enable(&self, domain: &str) {
        self.in_directory(|organization| organization.enabled_domains.push(domain.to_owned()));
    }

    /// Takes all domains on request back.
    pub fn disable_all(&self) {
        self.in_directory(|organization| organization.enabled_domains.clear());
    }

    fn in_directory(&self, change: impl FnOnce(&mut OrganizationView)) {
        change(self.directory.lock().unwrap().get_mut(&self.organization).unwrap());
    }

    /// The types of the app's events, in order.
    pub async fn events_of(&self, id: &str) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT type FROM events WHERE stream_id = $1::text::uuid ORDER BY version",
        )
        .bind(id)
        .fetch_all(&self.resources.pool)
        .await
        .unwrap()
    }

    /// Has somebody answer, in the place of audit, that each event is the seventh of the log.
    pub async fn answer_places(&self) {
        let audit = self.servers.connect(Service::Audit, &stage::shared(&self.resources.env)).await;
        let seventh = |event_id| EventPlace { event_id, position: Some(7), recorded_at: None };
        audit
            .serve_rpc(move |_, asked: PlacesOf| {
                let places = asked.event_ids.iter().copied().map(seventh).collect::<Vec<_>>();
                std::future::ready(Ok(places))
            })
            .await
            .unwrap();
    }

    /// The type of an event.
    pub async fn kind_of(&self, event_id: &Value) -> String {
        sqlx::query_scalar("SELECT type FROM events WHERE id = $1::text::uuid")
            .bind(event_id.as_str())
            .fetch_one(&self.resources.pool)
            .await
            .unwrap()
    }

    /// The app's last event.
    pub async fn last_event_of(&self, id: &str) -> Value {
        let query = "SELECT envelope FROM events WHERE stream_id = $1::text::uuid ORDER BY version DESC LIMIT 1";
        let bytes: Vec<u8> =
            sqlx::query_scalar(query).bind(id).fetch_one(&self.resources.pool).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The details of the app's last event: what people typed.
    pub async fn last_details_of(&self, id: &str) -> Value {
        let query = "SELECT d.details FROM events e JOIN details d ON d.event_id = e.id
                     WHERE e.stream_id = $1::text::uuid ORDER BY e.version DESC LIMIT 1";
        let bytes: Vec<u8> =
            sqlx::query_scalar(query).bind(id).fetch_one(&self.resources.pool).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// What was refused, as `<operation> <target>`, in order.
    pub async fn refused_attempts(&self) -> Vec<String> {
        let query =
            "SELECT envelope FROM events WHERE type = 'mandate.access.refused.v1' ORDER BY seq";
        let rows: Vec<Vec<u8>> =
            sqlx::query_scalar(query).fetch_all(&self.resources.pool).await.unwrap();
        let text = |bytes: &Vec<u8>| {
            let event: Value = serde_json::from_slice(bytes).unwrap();
            assert_eq!(event["data"]["reason"], "role_not_allowed");
            assert_eq!(event["authority"], "none");
            assert_eq!(event["organization"], json!(self.organization));
            let part = |name: &str| event["data"][name].as_str().unwrap().to_owned();
            format!("{} {}", part("operation"), part("target"))
        };
        rows.iter().map(text).collect()
    }

    pub async fn count_apps(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM app_registry.apps")
            .fetch_one(&self.resources.pool)
            .await
            .unwrap()
    }
}

fn organization_view(id: OrganizationId) -> OrganizationView {
    OrganizationView {
        id,
        name: "Example Apps".to_owned(),
        kind: OrganizationKind::TechnologyCompany,
        contact_email: "contact@example.com".to_owned(),
        website: None,
        confirmed: true,
        enabled_domains: Vec::new(),
        created_at: None,
    }
}
