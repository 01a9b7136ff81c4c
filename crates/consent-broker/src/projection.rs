//! The projection of what happens to apps: the end of an app ends its unused links and its live grants.

use async_trait::async_trait;
use contract::facts::AppArchived;
use contract::follows::{CONSENT_BROKER_APPS, Followed};
use contract::{AppId, Envelope, Fact, Service};
use eventstore::{EventStore, Projection, ProjectionError, Unit};
use service::Resources;
use sqlx::PgConnection;

use crate::revocation::Revocation;
use crate::store::{apps, grants, links};

/// Follows the streams of apps, and acts on their end.
#[derive(Debug)]
pub(crate) struct AppProjection {
    events: EventStore,
}

impl AppProjection {
    /// For this service.
    pub(crate) fn new(resources: &Resources) -> Self {
        Self { events: resources.events.clone() }
    }

    async fn archived(
        &self,
        mut unit: Unit<'_>,
        app: AppId,
        event: &Envelope,
    ) -> Result<(), ProjectionError> {
        let connection = unit.connection().await?;
        let now = self.events.environment().now();

        // The order matters. The app's row first: no link can be made from here on. Then the links:
        // whoever is using one has finished when its lock is ours, and nobody begins. Only then the
        // grants: those that were being made are committed, and so are found.
        if let Some(organization) = event.organization {
            apps::archive(connection, app, organization, event.time).await?;
        }
        let open = links::lock_open_of_app(connection, app).await?;
        let ended: Vec<_> = open.iter().filter_map(|link| link.end_with_app(now)).collect();
        for (link, _) in &ended {
            links::save(connection, link).await?;
        }
        let revocation = Revocation::app_archived(now);
        let live = grants::lock_live_of_app(connection, app).await?;
        let revoked: Vec<_> = live.iter().filter_map(|grant| grant.revoke(revocation)).collect();
        grants::revoke(connection, revoked.iter().map(|(grant, _)| grant.id), revocation).await?;

        if ended.is_empty() && revoked.is_empty() {
            // Nothing of ours has changed, so there is nothing to tell.
            return Ok(());
        }
        for (link, fact) in &ended {
            unit.record(link.id.uuid(), link.version, fact)?;
        }
        for (grant, fact) in &revoked {
            unit.record(grant.id.uuid(), grant.version, fact)?;
        }
        unit.flush().await?;
        Ok(())
    }
}

#[async_trait]
impl Projection for AppProjection {
    fn follows(&self) -> Followed {
        CONSENT_BROKER_APPS
    }

    async fn apply(
        &self,
        connection: &mut PgConnection,
        event: &Envelope,
    ) -> Result<(), ProjectionError> {
        if event.kind != AppArchived::TYPE {
            return Ok(());
        }
        let app = event.fact::<AppArchived>()?.app_id;
        let provenance = event.reaction(Service::ConsentBroker);
        self.archived(self.events.join(connection, &provenance), app, event).await
    }
}
