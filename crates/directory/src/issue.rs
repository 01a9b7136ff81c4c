//! Making an API token: the record, its event, and the secret that is shown once.

use contract::facts::ApiTokenCreated;
use contract::secret::ApiToken;
use contract::{Environment, PersonId, Version};
use eventstore::{AppendError, Unit};

use crate::api_token::{NewToken, TokenRecord};
use crate::store;

/// Makes a token for this person as a part of the unit.
pub(crate) async fn token(
    unit: &mut Unit<'_>,
    environment: &Environment,
    person_id: PersonId,
    new: NewToken,
) -> Result<(TokenRecord, ApiToken), AppendError> {
    let secret = ApiToken::generate(environment);
    let record = TokenRecord {
        id: environment.new_id(),
        person_id,
        name: new.name,
        hint: secret.hint().to_owned(),
        created_at: environment.now(),
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
        version: Version::FIRST.number(),
    };
    store::insert_token(unit.connection().await?, &record, &secret.hash()).await?;
    let created =
        ApiTokenCreated { api_token_id: record.id, person_id, expires_at: record.expires_at };
    unit.record(record.id.uuid(), Version::FIRST, &created)?;
    Ok((record, secret))
}
