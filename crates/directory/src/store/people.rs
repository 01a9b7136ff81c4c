use chrono::{DateTime, Utc};
use contract::rpc::NamedPerson;
use contract::{IdentityProviderId, PersonId};
use eventstore::rows::{exactly_one, version};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Named, unless_taken};
use crate::fields::{ClaimedEmail, Email};
use crate::language::Language;
use crate::person::Person;
use crate::sign_in_limits::Hash;

/// A person as they are stored.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) operator: bool,
    pub(super) language: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) deactivated_at: Option<DateTime<Utc>>,
    pub(super) version: i64,
}

impl TryFrom<Row> for Person {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: PersonId::from_uuid(row.id),
            email: Email::read(&row.email)?,
            name: row.name,
            operator: row.operator,
            language: Language::read(&row.language)?,
            created_at: row.created_at,
            deactivated_at: row.deactivated_at,
            version: version(row.version)?,
        })
    }
}

/// What a sign-in compares with.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// The person.
    pub(crate) person_id: PersonId,
    /// The PHC string, if they have a password.
    pub(crate) password_hash: Option<String>,
    /// Whether they have signed in from this network before.
    pub(crate) at_home: bool,
}

/// Keeps a new person, if the email is nobody's.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    new: &Person,
    password_hash: Option<&str>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO directory.people (id, email, name, password_hash, operator, language, version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 1, $7)",
        new.id.uuid(),
        new.email.as_str(),
        new.name,
        password_hash,
        new.operator,
        new.language.as_str(),
        new.created_at,
    )
    .execute(conn)
    .await;
    unless_taken(inserted, "people_email_key")
}

/// The person of this id.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: PersonId,
) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, email, name, operator, language, created_at, deactivated_at, version
         FROM directory.people WHERE id = $1",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(Person::try_from)
    .transpose()
}

/// The person of this id, locked until the end of the transaction: nobody else changes them, or makes or ends
/// tokens of theirs, meanwhile. New rows may refer to them.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    id: PersonId,
) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, email, name, operator, language, created_at, deactivated_at, version FROM directory.people
         WHERE id = $1 FOR NO KEY UPDATE",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(Person::try_from)
    .transpose()
}

/// Writes a person who was locked before: what they are called, how they are written to, what they may do.
pub(crate) async fn save(conn: &mut PgConnection, new: &Person) -> Result<(), sqlx::Error> {
    let result = sqlx::query!(
        "UPDATE directory.people SET name = $2, language = $3, operator = $4, deactivated_at = $5, version = $6
         WHERE id = $1 AND version = $6::bigint - 1",
        new.id.uuid(),
        new.name,
        new.language.as_str(),
        new.operator,
        new.deactivated_at,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// Writes the password of a person who was locked before, if it still is the one that was looked at: whether it
/// is. Both are PHC strings.
pub(crate) async fn save_password(
    conn: &mut PgConnection,
    new: &Person,
    previous_hash: &str,
    password_hash: &str,
) -> sqlx::Result<bool> {
    let result = sqlx::query!(
        "UPDATE directory.people SET password_hash = $3, version = $4
         WHERE id = $1 AND password_hash = $2 AND deactivated_at IS NULL AND version = $4::bigint - 1",
        new.id.uuid(),
        previous_hash,
        password_hash,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// Writes another PHC string of the same password, if it still is the one of which this string is. That is no change
/// of the person: nobody who reads of them could tell.
pub(crate) async fn replace_hash(
    conn: &mut PgConnection,
    id: PersonId,
    previous_hash: &str,
    password_hash: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE directory.people SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
        id.uuid(),
        previous_hash,
        password_hash,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes the password of a person who was locked before, whatever it was. A PHC string.
pub(crate) async fn reset_password(
    conn: &mut PgConnection,
    new: &Person,
    password_hash: &str,
) -> sqlx::Result<()> {
    let result = sqlx::query!(
        "UPDATE directory.people SET password_hash = $2, version = $3
         WHERE id = $1 AND deactivated_at IS NULL AND version = $3::bigint - 1",
        new.id.uuid(),
        password_hash,
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// The person with this email.
pub(crate) async fn find_by_email(
    conn: &mut PgConnection,
    email: &Email,
) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "SELECT id, email, name, operator, language, created_at, deactivated_at, version
         FROM directory.people WHERE email = $1",
        email.as_str(),
    )
    .fetch_optional(conn)
    .await?
    .map(Person::try_from)
    .transpose()
}

/// Whether one person sees another as a fellow member of an organization, with a credential that stems from this
/// provider: not by a membership that strangers gave the other, nor in one for which the credential does not act.
pub(crate) async fn sees_in_an_organization(
    conn: &mut PgConnection,
    one: PersonId,
    provider: Option<IdentityProviderId>,
    other: PersonId,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM directory.memberships a JOIN directory.memberships b USING (organization_id)
               WHERE a.person_id = $1 AND b.person_id = $2 AND b.shows_name AND NOT EXISTS (
                   SELECT FROM directory.identity_providers ip
                   WHERE ip.organization_id = a.organization_id AND ip.enforced AND ip.id IS DISTINCT FROM $3)
           ) AS "sees!""#,
        one.uuid(),
        other.uuid(),
        provider.map(IdentityProviderId::uuid),
    )
    .fetch_one(conn)
    .await
}

/// What a sign-in with this email compares with, as it was typed if it is somebody's, else in its form: nothing is
/// right for a person who is deactivated. `network` is
/// what it is known by, if that is known since then.
pub(crate) async fn credentials(
    conn: &mut PgConnection,
    email: &ClaimedEmail,
    network: Option<&Hash>,
    since: DateTime<Utc>,
) -> Result<Option<Credentials>, sqlx::Error> {
    // One question for all, so that the time does not tell whose email it is.
    let row = sqlx::query!(
        r#"SELECT id, CASE WHEN deactivated_at IS NULL THEN password_hash END AS password_hash, EXISTS (
               SELECT FROM directory.sign_in_networks n
               WHERE n.person_id = p.id AND n.network = $2 AND n.last_at >= $3) AS "at_home!"
           FROM directory.people p WHERE email IN ($1, $4)
           ORDER BY email = $1 DESC LIMIT 1"#,
        email.typed.as_str(),
        network.map(Hash::as_slice),
        since,
        email.normal.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Credentials {
        person_id: PersonId::from_uuid(row.id),
        password_hash: row.password_hash,
        at_home: row.at_home,
    }))
}

/// What these people are called; unknown ones are left out.
pub(crate) async fn names(
    conn: &mut PgConnection,
    ids: &[PersonId],
) -> Result<Vec<NamedPerson>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut rows = sqlx::query!("SELECT id, name FROM directory.people WHERE id = ANY($1)", &ids)
        .fetch_all(conn)
        .await?;
    rows.sort_by_key(|row| row.id);
    Ok(rows
        .into_iter()
        .map(|row| NamedPerson { person_id: PersonId::from_uuid(row.id), name: row.name })
        .collect())
}

/// Whether there is an operator but for this person, who can do something. Waits for others who ask, until the
/// end of the transaction, so that an installation does not get two first operators, nor loses its last two.
pub(crate) async fn lock_operators(
    conn: &mut PgConnection,
    but_for: Option<PersonId>,
) -> Result<bool, sqlx::Error> {
    // The number is any that nothing else of this database uses: "operat" in ASCII.
    sqlx::query!(r#"SELECT pg_advisory_xact_lock(122511747801460::bigint) AS "locked!: ()""#)
        .fetch_one(&mut *conn)
        .await?;
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM directory.people
                          WHERE operator AND deactivated_at IS NULL AND ($1::uuid IS NULL OR id <> $1)) AS "exists!""#,
        but_for.map(PersonId::uuid),
    )
    .fetch_one(conn)
    .await
}

/// Where operators who can do something are written to, the first so many.
pub(crate) async fn operators(
    conn: &mut PgConnection,
    limit: i64,
) -> sqlx::Result<Vec<(Email, Language)>> {
    let rows = sqlx::query!(
        "SELECT email, language FROM directory.people
         WHERE operator AND deactivated_at IS NULL ORDER BY id LIMIT $1",
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((Email::read(&row.email)?, Language::read(&row.language)?)))
        .collect()
}
