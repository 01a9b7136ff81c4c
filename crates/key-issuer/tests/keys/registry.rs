//! An app registry that says what a test tells it to: by RPC, and by events that it records and
//! relays as the real one does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use contract::facts::{
    AppActivated, AppArchived, AppCreated, AppDetails, AppResumed, AppSuspended, NoDetails,
};
use contract::rpc::{AppState, AppView, AuthenticationMethod, GetApp};
use contract::{AppId, EventId, Fact, OrganizationId, Provenance, Service, Version};
use eventstore::{AppendError, Unit};
use service::Resources;

pub const SCOPE: &str = "RetailMedia_Campaign_Read RetailMedia_Campaign_Manage";

pub struct Registry {
    resources: Resources,
    organization: OrganizationId,
    apps: Arc<Mutex<HashMap<AppId, AppView>>>,
}

impl Registry {
    pub async fn open(resources: Resources, organization: OrganizationId) -> Self {
        let apps: Arc<Mutex<HashMap<AppId, AppView>>> = Arc::default();
        let told = apps.clone();
        resources
            .serve_rpc(move |_, question: GetApp| {
                std::future::ready(Ok(told.lock().unwrap().get(&question.app_id).cloned()))
            })
            .await
            .unwrap();
        resources.start_relays();
        Self { resources, organization, apps }
    }

    /// Answers from now on whoever misses some of its events, or asks how far they reach.
    pub async fn answer_producers(&self) {
        self.resources.serve_producer_rpc(std::time::Duration::from_mins(1)).await.unwrap();
    }

    /// A draft.
    pub async fn draft(&self, method: AuthenticationMethod) -> AppId {
        let id: AppId = self.resources.env.new_id();
        let view = AppView {
            id,
            organization_id: self.organization,
            name: "Shelf Optimizer".to_owned(),
            description: None,
            has_image: false,
            authentication_method: method,
            state: AppState::Draft,
            service: Some("retail_media".to_owned()),
            domains: Vec::new(),
            scopes: SCOPE.split(' ').map(str::to_owned).collect(),
            version: Version::FIRST,
        };
        self.apps.lock().unwrap().insert(id, view.clone());
        let created = AppCreated {
            app_id: id,
            organization_id: self.organization,
            authentication_method: method,
            service: view.service,
            domains: Vec::new(),
        };
        let name = details(&view.name);
        self.commit(id, AppState::Draft, Version::FIRST, |unit, version| {
            unit.record_with(id.uuid(), version, &created, &name)
        })
        .await;
        id
    }

    pub async fn active_app(&self) -> AppId {
        let id = self.draft(AuthenticationMethod::ClientCredentials).await;
        self.activate(id).await;
        id
    }

    pub async fn activate(&self, id: AppId) {
        let view = self.view(id);
        let activated = AppActivated {
            app_id: id,
            organization_id: self.organization,
            image_sha256: None,
            authentication_method: view.authentication_method,
            service: "retail_media".to_owned(),
            domains: Vec::new(),
            scopes: view.scopes,
        };
        self.say_with(id, AppState::Active, &activated, &details(&view.name)).await;
    }

    pub async fn suspend(&self, app_id: AppId) {
        self.say(app_id, AppState::Suspended, &AppSuspended { app_id }).await;
    }

    pub async fn resume(&self, app_id: AppId) {
        self.say(app_id, AppState::Active, &AppResumed { app_id }).await;
    }

    pub async fn archive(&self, app_id: AppId) -> EventId {
        self.say(app_id, AppState::Archived, &AppArchived { app_id }).await
    }

    /// Says another state by RPC than by its events.
    pub fn pretend(&self, id: AppId, state: AppState, version: Version) {
        let mut apps = self.apps.lock().unwrap();
        let view = apps.get_mut(&id).unwrap();
        (view.state, view.version) = (state, version);
    }

    fn view(&self, id: AppId) -> AppView {
        self.apps.lock().unwrap()[&id].clone()
    }

    async fn say<F: Fact<Details = NoDetails>>(
        &self,
        id: AppId,
        state: AppState,
        fact: &F,
    ) -> EventId {
        let next = self.view(id).version.next();
        self.commit(id, state, next, |unit, version| unit.record(id.uuid(), version, fact)).await
    }

    async fn say_with<F: Fact>(
        &self,
        id: AppId,
        state: AppState,
        fact: &F,
        details: &F::Details,
    ) -> EventId {
        let record =
            |unit: &mut Unit<'_>, version| unit.record_with(id.uuid(), version, fact, details);
        self.commit(id, state, self.view(id).version.next(), record).await
    }

    async fn commit(
        &self,
        id: AppId,
        state: AppState,
        version: Version,
        record: impl FnOnce(&mut Unit<'_>, Version) -> Result<EventId, AppendError>,
    ) -> EventId {
        let provenance = Provenance::system(
            Service::AppRegistry,
            Some(self.organization),
            self.resources.env.new_id(),
        );
        let mut unit = self.resources.events.begin(&provenance);
        let event = record(&mut unit, version).unwrap();
        unit.commit().await.unwrap();
        self.pretend(id, state, version);
        event
    }
}

fn details(name: &str) -> AppDetails {
    AppDetails { name: name.to_owned(), description: None }
}
