//! Ending keys whose secrets were reported (rule 42).

use contract::facts::KeyLeakDetails;
use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use contract::secret::SecretHash;
use contract::{Actor, Authority, KeyId, OrganizationId};
use eventstore::AppendError;
use service::{Permit, RequestFacts, mail_requests};

use crate::KeyIssuer;
use crate::store::keys;

/// How often the end of a key is tried when the key changes each time.
const ATTEMPTS: usize = 5;

/// A secret that was found, and what was said of it.
#[derive(Debug, Clone)]
pub(crate) struct FoundSecret {
    pub(crate) hash: SecretHash,
    pub(crate) details: KeyLeakDetails,
}

/// Ends the keys with these secrets. Secrets that no working key has are passed over.
///
/// # Errors
/// When the database fails: some may have ended then.
pub(crate) async fn end(
    issuer: &KeyIssuer,
    facts: &RequestFacts,
    found: &[FoundSecret],
) -> Result<(), AppendError> {
    let hashes: Vec<SecretHash> = found.iter().map(|found| found.hash).collect();
    for (hash, key, organization) in keys::with_secrets(&issuer.resources.pool, &hashes).await? {
        let Some(found) = found.iter().find(|found| found.hash.matches(&hash)) else { continue };
        let mut attempts = 0;
        loop {
            attempts += 1;
            match end_one(issuer, facts, (key, organization), &found.details).await {
                Err(AppendError::Conflict) if attempts < ATTEMPTS => {}
                ended => break ended?,
            }
        }
        issuer.clients.forget(key);
    }
    Ok(())
}

/// Nobody has said who they are; that they have the secret is what allows it.
async fn end_one(
    issuer: &KeyIssuer,
    facts: &RequestFacts,
    (key, organization): (KeyId, OrganizationId),
    details: &KeyLeakDetails,
) -> Result<(), AppendError> {
    let resources = &issuer.resources;
    let (actor, authority) = (Actor::Anonymous, Authority::CLIENT_SECRET);
    let permit = Permit::by_credentials(resources, facts, actor, authority, Some(organization));
    let mut unit = permit.begin();
    let connection = unit.connection().await?;
    let key = keys::lock(connection, key).await?;
    let now = resources.env.now();
    let Some(leak) = key.and_then(|key| key.leak(now)) else {
        return Ok(());
    };
    keys::save(connection, &leak.leaked).await?;
    keys::save(connection, &leak.ended).await?;
    let stream = leak.ended.id.uuid();
    let event = unit.record_with(stream, leak.leaked.version, &leak.report, details)?;
    unit.record(stream, leak.ended.version, &leak.end)?;
    let mail = RequestedMail {
        event_id: event,
        organization_id: Some(organization),
        correlation_id: unit.provenance().correlation,
        mail: MailRequest::KeyLeaked { key_id: leak.ended.id, app_id: leak.ended.app_id },
        recipient: MailRecipient::Contact(organization),
    };
    mail_requests::request(unit.connection().await?, &[mail], now).await?;
    unit.commit().await
}
