//! Ending API tokens: each with all that it made, and each end with its event.
//!
//! Whoever makes or ends tokens of a person locks the person first (`store::people::lock`). So no token is
//! made while those that it ends with are being looked for.

use chrono::{DateTime, Utc};
use contract::PersonId;
use contract::facts::ApiTokenRevocation;
use eventstore::{AppendError, Unit};

use crate::api_token::TokenRecord;
use crate::store;

/// Ends this token of a person who is locked, and all that were made by it, however indirectly. Nothing when
/// it was revoked before.
pub(crate) async fn with_children(
    unit: &mut Unit<'_>,
    token: &TokenRecord,
    because: ApiTokenRevocation,
    now: DateTime<Utc>,
) -> Result<(), AppendError> {
    if token.revoked_at.is_some() {
        return Ok(());
    }
    let children =
        store::api_tokens::live_descendants(unit.connection().await?, token.id, now).await?;
    end(unit, std::slice::from_ref(token), because, now).await?;
    end(unit, &children, ApiTokenRevocation::ParentRevoked, now).await
}

/// Ends all tokens of a person who is locked.
pub(crate) async fn all(
    unit: &mut Unit<'_>,
    person_id: PersonId,
    because: ApiTokenRevocation,
    now: DateTime<Utc>,
) -> Result<(), AppendError> {
    let tokens = store::api_tokens::live(unit.connection().await?, person_id, now).await?;
    end(unit, &tokens, because, now).await
}

async fn end(
    unit: &mut Unit<'_>,
    tokens: &[TokenRecord],
    because: ApiTokenRevocation,
    now: DateTime<Utc>,
) -> Result<(), AppendError> {
    let ended: Vec<_> = tokens.iter().filter_map(|token| token.revoke(because, now)).collect();
    if ended.is_empty() {
        return Ok(());
    }
    let revoked: Vec<_> = ended.iter().map(|(token, _)| token).collect();
    store::api_tokens::save_revoked(unit.connection().await?, &revoked, now).await?;
    for (token, fact) in &ended {
        unit.record(token.id.uuid(), token.version, fact)?;
    }
    Ok(())
}
