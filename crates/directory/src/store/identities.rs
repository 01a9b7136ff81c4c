use chrono::{DateTime, Utc};
use contract::{IdentityProviderId, PersonId};
use sqlx::PgConnection;

use super::unless_taken;

/// The person whom this issuer knows as this subject.
pub(crate) async fn find(
    conn: &mut PgConnection,
    issuer: &str,
    subject: &str,
) -> sqlx::Result<Option<PersonId>> {
    let person = sqlx::query_scalar!(
        "SELECT person_id FROM directory.identities WHERE issuer = $1 AND subject = $2",
        issuer,
        subject,
    )
    .fetch_optional(conn)
    .await?;
    Ok(person.map(PersonId::from_uuid))
}

/// Who somebody is at a provider. Personal.
#[derive(Debug)]
pub(crate) struct Identity {
    /// The provider's issuer.
    pub(crate) issuer: String,
    /// How the provider names them.
    pub(crate) subject: String,
    /// Since when they are known there.
    pub(crate) created_at: DateTime<Utc>,
}

/// Who a person is at providers: a row for each that they have signed in at.
pub(crate) async fn of_person(
    conn: &mut PgConnection,
    person: PersonId,
) -> sqlx::Result<Vec<Identity>> {
    sqlx::query_as!(
        Identity,
        "SELECT issuer, subject, created_at FROM directory.identities WHERE person_id = $1
         ORDER BY issuer, subject",
        person.uuid(),
    )
    .fetch_all(conn)
    .await
}

/// Joins a subject to a person, on the word of this provider; false if it is somebody's already. The transaction
/// can only be rolled back then.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    (issuer, subject): (&str, &str),
    person: PersonId,
    provider: IdentityProviderId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO directory.identities (issuer, subject, person_id, identity_provider_id, created_at)
         VALUES ($1, $2, $3, $4, $5)",
        issuer,
        subject,
        person.uuid(),
        provider.uuid(),
        now,
    )
    .execute(conn)
    .await;
    unless_taken(inserted, "identities_pkey")
}
