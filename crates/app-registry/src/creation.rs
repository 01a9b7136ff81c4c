//! Group commit of new apps: those that are created at the same time share one transaction.

use contract::Provenance;
use contract::facts::AppCreated;
use eventstore::group_commit::Change;
use eventstore::{AppendError, EventStore, IdempotencyRecord, NewEvent, Unit};
use service::Permit;

use crate::app::App;
use crate::store;

/// An app that was decided to be created, with its event.
pub(crate) struct AppCreation {
    provenance: Provenance,
    app: App,
    created: NewEvent,
    answer: Option<IdempotencyRecord>,
}

impl AppCreation {
    /// The creation of this app by who has the permit, with the answer to remember. All that can be
    /// done before its turn comes is done here.
    pub(crate) fn new(
        events: &EventStore,
        permit: &Permit,
        app: App,
        fact: &AppCreated,
        answer: Option<IdempotencyRecord>,
    ) -> Result<Self, AppendError> {
        let (provenance, stream) = (permit.provenance().clone(), app.id.uuid());
        let created =
            events.prepare_with(&provenance, stream, app.version, fact, &app.details())?;
        Ok(Self { provenance, app, created, answer })
    }
}

impl Change for AppCreation {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    async fn commit(mut unit: Unit<'_>, creations: &[&Self]) -> Result<(), AppendError> {
        for creation in creations {
            unit.add(creation.created.clone());
            unit.remember(creation.answer.clone());
        }
        let apps = creations.iter().map(|creation| &creation.app).collect();
        unit.commit_with(&store::NewApps(apps)).await
    }
}
