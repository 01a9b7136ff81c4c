//! The projection of what happens to apps: that an app has ended is noted, for whoever decides and for
//! [`ending`](crate::ending), which ends its unused links and its live grants.

use async_trait::async_trait;
use contract::facts::AppArchived;
use contract::follows::{CONSENT_BROKER_APPS, Followed};
use contract::{Envelope, Fact};
use eventstore::{Projection, ProjectionError};
use sqlx::PgConnection;

use crate::store::{apps, endings};

/// Follows the streams of apps, and notes their end.
#[derive(Debug)]
pub(crate) struct AppProjection;

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
        // No link can be made from here on, and none be used.
        if let Some(organization) = event.organization {
            apps::archive(connection, app, organization, event.time).await?;
        }
        Ok(endings::begin(connection, app, &event.canonical()?).await?)
    }
}
