//! Asking for mails.
//!
//! A mail is a row that becomes true with the event that asks for it: record the event, and call [`request`] in
//! the same unit.

use contract::{Environment, EventId, MailId};
use eventstore::{AppendError, Unit};

use crate::mail::Mail;
use crate::store;

/// Asks for a mail, as a part of the unit that records `event`. An event asks for the same mail to the same
/// recipient once.
///
/// # Errors
/// When the database fails; the unit must be dropped then.
pub(crate) async fn request(
    unit: &mut Unit<'_>,
    event: EventId,
    mail: &Mail,
    environment: &Environment,
) -> Result<MailId, AppendError> {
    let (id, now) = (environment.new_id(), environment.now());
    let asked = store::mails::Asked {
        id,
        event,
        organization: unit.provenance().organization,
        correlation: unit.provenance().correlation,
        now,
    };
    store::mails::insert(unit.connection().await?, &asked, mail).await?;
    Ok(id)
}
