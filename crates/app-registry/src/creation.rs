//! New apps, committed together with others that are created at the same time.

use contract::Provenance;
use eventstore::group_commit::Change;
use eventstore::{AppendError, IdempotencyRecord, NewEvent, Unit};

use crate::app::App;
use crate::store;

/// An app that was decided to be created.
pub(crate) struct NewApp {
    pub(crate) provenance: Provenance,
    pub(crate) app: App,
    pub(crate) created: NewEvent,
    pub(crate) answer: Option<IdempotencyRecord>,
}

impl Change for NewApp {
    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    async fn commit(mut unit: Unit<'_>, new: &[Self]) -> Result<(), AppendError> {
        for new in new {
            unit.add(new.created.clone());
            unit.remember(new.answer.clone());
        }
        let apps = new.iter().map(|new| &new.app).collect();
        unit.commit_with(&store::NewApps(apps)).await
    }
}
