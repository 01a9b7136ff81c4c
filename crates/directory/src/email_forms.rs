//! Bringing email addresses into today's form, once the tables are there: those of people, of organizations'
//! contacts, and of pending invitations. A data migration that no SQL can do, since domains are written by rules of
//! their own.

use std::fmt;

use contract::{InvitationId, PersonId};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::fields::Email;
use crate::store::email_forms::{self, Place, Stored};

/// Two of a kind that have one address in two forms, where only one can have it. Both stay: who of them is the other,
/// and what becomes of what they have, is not for a program to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedEmail {
    /// Two people who registered.
    People {
        /// Whose email is in another form still. They sign in with it as they typed it then.
        person_id: PersonId,
        /// Whose email is in the form that it would have.
        holder: PersonId,
    },
    /// Two pending invitations to one thing.
    Invitations {
        /// The one whose email is in another form still. Its link works as it did.
        invitation_id: InvitationId,
        /// The one whose email is in the form that it would have.
        holder: InvitationId,
    },
}

impl fmt::Display for SharedEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, one, other) = match self {
            Self::People { person_id, holder } => ("people", person_id.uuid(), holder.uuid()),
            Self::Invitations { invitation_id, holder } => {
                ("invitations", invitation_id.uuid(), holder.uuid())
            }
        };
        write!(
            f,
            "{kind}/{one} and {kind}/{other} have one email address in two forms; both stay as they are"
        )
    }
}

/// Brings them into that form, in the database at this address, as its owner. Again, it changes nothing.
///
/// # Errors
/// When the database cannot be reached. What was written stays; a second run goes on from there.
pub async fn rewrite_emails(url: &str) -> sqlx::Result<Vec<SharedEmail>> {
    let mut connection = PgConnection::connect(url).await?;
    // As for the migrations: several processes may do this at once. It ends with the connection.
    sqlx::query("SELECT pg_advisory_lock(hashtext('mandate.migrate'))")
        .execute(&mut connection)
        .await?;
    let mut shared = Vec::new();
    for place in Place::ALL {
        let mut after = Uuid::nil();
        loop {
            let stored = email_forms::after(&mut connection, place, after).await?;
            let Some(last) = stored.last() else { break };
            after = last.id;
            // Those of ASCII alone are in today's form already, or in none.
            for stored in stored.iter().filter(|stored| !stored.email.is_ascii()) {
                shared.extend(rewrite(&mut connection, place, stored).await?);
            }
        }
    }
    connection.close().await?;
    Ok(shared)
}

/// Brings one address into that form, unless another of its kind has it.
async fn rewrite(
    connection: &mut PgConnection,
    place: Place,
    stored: &Stored,
) -> sqlx::Result<Option<SharedEmail>> {
    // One that no mail can reach has no form: it stays.
    let Ok(email) = Email::parse("email", &stored.email) else { return Ok(None) };
    if email.as_str() == stored.email {
        return Ok(None);
    }
    match place {
        Place::People => {
            if let Some(holder) = email_forms::person_with(connection, &email).await? {
                let person_id = PersonId::from_uuid(stored.id);
                return Ok(Some(SharedEmail::People { person_id, holder }));
            }
            email_forms::write_of_person(connection, stored.id, &email).await?;
        }
        Place::PendingInvitations => {
            if let Some(holder) =
                email_forms::invitation_like(connection, stored.id, &email).await?
            {
                let invitation_id = InvitationId::from_uuid(stored.id);
                return Ok(Some(SharedEmail::Invitations { invitation_id, holder }));
            }
            email_forms::write_of_invitation(connection, stored.id, &email).await?;
        }
        Place::Contacts => email_forms::write_of_contact(connection, stored, &email).await?,
    }
    Ok(None)
}
