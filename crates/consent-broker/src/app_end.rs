//! What the end of an app ends here: its unused links and its live grants, with the event.

use async_trait::async_trait;
use contract::facts::{AppArchived, ConsentLinkRevoked, ConsentRevoked};
use contract::{Envelope, Fact, Provenance, Service};
use eventstore::{EventStore, Projection, ProjectionError};
use service::Resources;
use sqlx::PgConnection;

use crate::link::EndReason;
use crate::store::{apps, grants, links};

/// Follows the streams of apps, and acts on their end.
#[derive(Debug)]
pub struct AppEnd {
    events: EventStore,
}

impl AppEnd {
    /// For this service.
    pub fn new(resources: &Resources) -> Self {
        Self { events: resources.events.clone() }
    }
}

#[async_trait]
impl Projection for AppEnd {
    fn name(&self) -> &'static str {
        "consent-broker-apps"
    }

    fn subjects(&self) -> Vec<String> {
        vec!["mandate.events.*.app.>".to_owned()]
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
        let now = self.events.environment().now();
        let provenance = event.reaction(Service::ConsentBroker);
        let mut unit = self.events.join(connection, &provenance);
        let connection = unit.connection().await?;

        // The order matters. The app's row first: no link can be made from here on. Then the links:
        // whoever is using one has finished when its lock is ours, and nobody begins. Only then the
        // grants: those that were being made are committed, and so are found.
        if let Some(organization) = event.organization {
            apps::archive(connection, app, organization, event.time).await?;
        }
        let open = links::lock_open_of_app(connection, app).await?;
        for link in &open {
            links::revoke(connection, link.id, None, now, link.version.next()).await?;
        }
        let live = grants::lock_live_of_app(connection, app, None).await?;
        grants::revoke(connection, &live, None, now).await?;

        let reason = EndReason::AppArchived.as_str();
        for link in &open {
            let fact =
                ConsentLinkRevoked { link_id: link.id, app_id: app, reason: reason.to_owned() };
            unit.record(link.id.uuid(), link.version.next(), &fact)?;
        }
        for grant in &live {
            let fact = ConsentRevoked {
                grant_id: grant.id,
                app_id: app,
                account_id: grant.account_id,
                reason: reason.to_owned(),
            };
            unit.record(grant.id.uuid(), grant.version.next(), &fact)?;
        }
        if open.is_empty() && live.is_empty() {
            // Nothing of ours has changed, so there is nothing to tell.
            return Ok(());
        }
        unit.flush().await?;
        Ok(())
    }
}
