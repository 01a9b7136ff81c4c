//! Projection of the app registry's facts: which apps are active. The end of an app is noted for
//! [`ending`](crate::ending), which ends its keys.

use std::sync::Arc;

use async_trait::async_trait;
use contract::facts::{AppActivated, AppArchived, AppResumed, AppSuspended};
use contract::follows::{Followed, KEY_ISSUER_APPS};
use contract::rpc::AppState;
use contract::{AppId, Envelope, Fact, Version};
use eventstore::{Projection, ProjectionError};
use sqlx::PgConnection;

use crate::clients::Clients;
use crate::store::{apps, endings};

/// Keeps `key_issuer.apps`.
pub(crate) struct AppProjection {
    clients: Arc<Clients>,
}

impl AppProjection {
    /// What is remembered of the clients of an app that changes is forgotten.
    pub(crate) fn new(clients: Arc<Clients>) -> Self {
        Self { clients }
    }

    /// Follows an app to a state; false, if it was never activated.
    async fn follow(
        &self,
        connection: &mut PgConnection,
        app: AppId,
        state: AppState,
        version: Version,
    ) -> Result<bool, ProjectionError> {
        let known = apps::follow(connection, app, state, version).await?;
        // Who reads one before the commit remembers it once more, and finds that out by its version.
        self.clients.forget_app(app);
        Ok(known)
    }

    async fn activate(
        &self,
        connection: &mut PgConnection,
        event: &Envelope,
    ) -> Result<(), ProjectionError> {
        let fact: AppActivated = event.fact()?;
        let app = apps::KnownApp {
            id: fact.app_id,
            organization_id: fact.organization_id,
            state: AppState::Active,
            authentication_method: fact.authentication_method,
            scope: fact.scopes.join(" "),
            version: event.streamversion,
        };
        Ok(apps::know(connection, &app).await?)
    }

    /// An app that was archived as a draft is unknown here and has no keys.
    async fn archive(
        &self,
        connection: &mut PgConnection,
        event: &Envelope,
    ) -> Result<(), ProjectionError> {
        let app: AppId = event.fact::<AppArchived>()?.app_id;
        // The app's row decides from here on. Whoever makes a key at this moment holds it, or waits for it.
        let known = self.follow(connection, app, AppState::Archived, event.streamversion).await?;
        if known {
            endings::begin(connection, app, &event.canonical()?).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Projection for AppProjection {
    fn follows(&self) -> Followed {
        KEY_ISSUER_APPS
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        event: &Envelope,
    ) -> Result<(), ProjectionError> {
        let version = event.streamversion;
        match event.kind.as_str() {
            AppActivated::TYPE => self.activate(connection, event).await,
            AppSuspended::TYPE => {
                let app = event.fact::<AppSuspended>()?.app_id;
                self.follow(connection, app, AppState::Suspended, version).await?;
                Ok(())
            }
            AppResumed::TYPE => {
                let app = event.fact::<AppResumed>()?.app_id;
                self.follow(connection, app, AppState::Active, version).await?;
                Ok(())
            }
            AppArchived::TYPE => self.archive(connection, event).await,
            // Drafts and their editing concern nobody here.
            _ => Ok(()),
        }
    }
}
