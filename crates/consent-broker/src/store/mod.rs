//! The SQL of this service: [`links`] and their [`passings`] on, [`grants`], and the [`apps`] whose end both wait
//! for, with the [`endings`] that are still to be carried out; the [`notices`] that were sent, and the
//! [`shown_texts`] of receipts.
//!
//! Not found is `Ok(None)`. Changes are of locked rows, guarded by what was decided on: a change that
//! finds it otherwise is an error. The triggers of `migrations/consent-broker` refuse whatever a guard
//! here forgot.

pub(crate) mod app_activity;
pub(crate) mod apps;
pub(crate) mod endings;
pub(crate) mod grants;
pub(crate) mod links;
pub(crate) mod notices;
pub(crate) mod passings;
pub(crate) mod shown_texts;

use chrono::{DateTime, Utc};
use contract::facts::ConsentEndReason;
use contract::ids::PersonId;
use uuid::Uuid;

use crate::revocation::Revocation;

/// A row that its own CHECK constraints exclude: the schema and this code have come apart.
fn contradiction(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

fn revocation(
    at: DateTime<Utc>,
    by: Option<Uuid>,
    reason: Option<&str>,
) -> Result<Revocation, sqlx::Error> {
    let reason = reason
        .and_then(ConsentEndReason::parse)
        .ok_or_else(|| contradiction("what is revoked is revoked for a known reason"))?;
    Ok(Revocation { at, by: by.map(PersonId::from_uuid), reason })
}
