//! Making an API token: the record, its event, and the secret that is shown once.

use contract::secret::ApiToken;
use contract::{Environment, PersonId};
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
    let (id, now) = (environment.new_id(), environment.now());
    let (record, fact) = TokenRecord::create(id, person_id, new, &secret, now);
    store::api_tokens::insert(unit.connection().await?, &record, &secret.hash()).await?;
    unit.record(record.id.uuid(), record.version, &fact)?;
    Ok((record, secret))
}
