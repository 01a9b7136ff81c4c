//! The forms of email addresses, for whoever owns the database.

use contract::{InvitationId, PersonId};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::fields::Email;

/// So many addresses are read at once.
const AT_ONCE: i64 = 1_000;

/// Where addresses are stored that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Whoever registered.
    People,
    /// Organizations' contacts: any number can have one address.
    Contacts,
    /// Invitations that can still be accepted.
    PendingInvitations,
}

impl Place {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::People, Self::Contacts, Self::PendingInvitations];
}

/// An address as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// Whose, or of what.
    pub(crate) id: Uuid,
    /// The address.
    pub(crate) email: String,
}

/// The next addresses of a place after this one, by their ids.
pub(crate) async fn after(
    conn: &mut PgConnection,
    place: Place,
    after: Uuid,
) -> sqlx::Result<Vec<Stored>> {
    match place {
        Place::People => {
            sqlx::query_as!(
                Stored,
                "SELECT id, email FROM directory.people WHERE id > $1 ORDER BY id LIMIT $2",
                after,
                AT_ONCE,
            )
            .fetch_all(conn)
            .await
        }
        Place::Contacts => {
            sqlx::query_as!(
                Stored,
                "SELECT id, contact_email AS email FROM directory.organizations
                 WHERE id > $1 ORDER BY id LIMIT $2",
                after,
                AT_ONCE,
            )
            .fetch_all(conn)
            .await
        }
        Place::PendingInvitations => {
            // Those that have ended are read, too: each once, and then left out.
            let rows = sqlx::query!(
                "SELECT id, email, state FROM directory.invitations WHERE id > $1 ORDER BY id LIMIT $2",
                after,
                AT_ONCE,
            )
            .fetch_all(conn)
            .await?;
            let email = |state: &str, email: Option<String>| {
                email.filter(|_| state == "pending").unwrap_or_default()
            };
            let stored = rows.into_iter();
            Ok(stored
                .map(|row| Stored { id: row.id, email: email(&row.state, row.email) })
                .collect())
        }
    }
}

/// Whose email this is.
pub(crate) async fn person_with(
    conn: &mut PgConnection,
    email: &Email,
) -> sqlx::Result<Option<PersonId>> {
    let id =
        sqlx::query_scalar!("SELECT id FROM directory.people WHERE email = $1", email.as_str())
            .fetch_optional(conn)
            .await?;
    Ok(id.map(PersonId::from_uuid))
}

/// The pending invitation to the same thing as this one that is to this address.
pub(crate) async fn invitation_like(
    conn: &mut PgConnection,
    id: Uuid,
    email: &Email,
) -> sqlx::Result<Option<InvitationId>> {
    let other = sqlx::query_scalar!(
        r#"SELECT other.id AS "id!" FROM directory.invitations AS this
           CROSS JOIN LATERAL (
               SELECT id FROM directory.invitations
               WHERE organization_id = this.organization_id AND email = $2 AND state = 'pending'
               UNION ALL
               SELECT id FROM directory.invitations
               WHERE account_id = this.account_id AND email = $2 AND state = 'pending'
           ) AS other
           WHERE this.id = $1 LIMIT 1"#,
        id,
        email.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(other.map(InvitationId::from_uuid))
}

/// Writes a person's email in another form.
pub(crate) async fn write_of_person(
    conn: &mut PgConnection,
    id: Uuid,
    email: &Email,
) -> sqlx::Result<()> {
    sqlx::query!("UPDATE directory.people SET email = $2 WHERE id = $1", id, email.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes the address of an organization's contact in another form, and that of what was mailed there to confirm it: a
/// link confirms the address to which it was mailed, and no other.
pub(crate) async fn write_of_contact(
    conn: &mut PgConnection,
    contact: &Stored,
    email: &Email,
) -> sqlx::Result<()> {
    let mut both = conn.begin().await?;
    sqlx::query!(
        "UPDATE directory.organizations SET contact_email = $3 WHERE id = $1 AND contact_email = $2",
        contact.id,
        contact.email,
        email.as_str(),
    )
    .execute(&mut *both)
    .await?;
    sqlx::query!(
        "UPDATE directory.contact_confirmations SET email = $3
         WHERE organization_id = $1 AND email = $2 AND completed_at IS NULL",
        contact.id,
        contact.email,
        email.as_str(),
    )
    .execute(&mut *both)
    .await?;
    both.commit().await
}

/// Writes the address of a pending invitation in another form. Nobody else may give it another, which a trigger holds:
/// it rests as long as this takes.
pub(crate) async fn write_of_invitation(
    conn: &mut PgConnection,
    id: Uuid,
    email: &Email,
) -> sqlx::Result<()> {
    let mut unfrozen = conn.begin().await?;
    sqlx::query("ALTER TABLE directory.invitations DISABLE TRIGGER invitations_frozen")
        .execute(&mut *unfrozen)
        .await?;
    sqlx::query!(
        "UPDATE directory.invitations SET email = $2 WHERE id = $1 AND state = 'pending'",
        id,
        email.as_str(),
    )
    .execute(&mut *unfrozen)
    .await?;
    sqlx::query("ALTER TABLE directory.invitations ENABLE TRIGGER invitations_frozen")
        .execute(&mut *unfrozen)
        .await?;
    unfrozen.commit().await
}
