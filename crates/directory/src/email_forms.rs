//! Bringing people's emails into today's form, once the tables are there: a data migration that no SQL can do, since
//! domains are written by rules of their own.

use std::fmt;

use contract::PersonId;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::fields::Email;
use crate::store::email_forms;

/// Two people who registered with one address in two forms. Both stay: who of them is the other, and what becomes of
/// what they have, is not for a program to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SharedEmail {
    /// Whose email is in another form still. They sign in with it as they typed it then.
    pub person_id: PersonId,
    /// Whose email is in the form that it would have.
    pub holder: PersonId,
}

impl fmt::Display for SharedEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "people/{} and people/{} have one email address in two forms; both stay as they are",
            self.person_id, self.holder
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
    let mut after = PersonId::from_uuid(Uuid::nil());
    loop {
        let people = email_forms::of_people(&mut connection, after).await?;
        let Some((last, _)) = people.last() else { break };
        after = *last;
        // Those of ASCII alone are in today's form already, or in none.
        for (person_id, stored) in people.into_iter().filter(|(_, email)| !email.is_ascii()) {
            shared.extend(rewrite(&mut connection, person_id, &stored).await?);
        }
    }
    connection.close().await?;
    Ok(shared)
}

/// Brings one person's email into that form, unless somebody else has it.
async fn rewrite(
    connection: &mut PgConnection,
    person_id: PersonId,
    stored: &str,
) -> sqlx::Result<Option<SharedEmail>> {
    // One that no mail can reach has no form: it stays.
    let Ok(email) = Email::parse("email", stored) else { return Ok(None) };
    match email_forms::holder(connection, &email).await? {
        Some(holder) if holder == person_id => Ok(None),
        Some(holder) => Ok(Some(SharedEmail { person_id, holder })),
        None => {
            email_forms::write(connection, person_id, &email).await?;
            Ok(None)
        }
    }
}
