//! Asking for the confirmation of an organization's contact address: a part of whatever names a new one.

use chrono::TimeDelta;
use eventstore::Unit;
use service::Problem;
use service::limits::Limited;

use crate::contact_confirmation::ContactConfirmation;
use crate::mail::{Mail, Template};
use crate::organization::Organization;
use crate::{Directory, mailing, store};

/// What is counted of an organization's confirmations.
const WINDOW: TimeDelta = TimeDelta::hours(1);

/// Asks whoever reads the mail of the organization's contact address to confirm it, by a mail in the organization's
/// language. The organization is new or locked.
///
/// # Errors
/// 429 when too many were asked for of late: strangers' mailboxes are not ours to fill.
pub(crate) async fn ask(
    directory: &Directory,
    unit: &mut Unit<'_>,
    organization: &Organization,
) -> Result<ContactConfirmation, Problem> {
    let (env, settings) = (&directory.resources.env, &directory.settings);
    let (now, most) = (env.now(), settings.contact_confirmations_per_hour);
    let conn = unit.connection().await?;
    let since = now - WINDOW;
    let recent =
        store::contact_confirmations::requested_since(conn, organization.id, since, most.into());
    let recent = recent.await?;
    if let Some(oldest) = recent.last().filter(|_| recent.len() >= usize::from(most)) {
        let wait = (*oldest + WINDOW - now).to_std().unwrap_or_default();
        let detail = "Too many mails to the contact address were asked for within an hour.";
        return Err(Limited::after(wait).problem(detail));
    }
    let lifetime = TimeDelta::hours(settings.contact_confirmation_hours.into());
    let (confirmation, requested) =
        ContactConfirmation::request(env.new_id(), organization, lifetime, now);
    store::contact_confirmations::insert(conn, &confirmation).await?;
    let event = unit.record(confirmation.id.uuid(), confirmation.version, &requested)?;
    let mail = Mail {
        template: Template::ConfirmContact { confirmation: confirmation.id.uuid() },
        recipient: confirmation.email.clone(),
        language: organization.profile.language,
    };
    mailing::request(unit, event, &mail, env).await?;
    Ok(confirmation)
}
