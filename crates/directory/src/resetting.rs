//! Asking for a link by which somebody chooses another password.

use chrono::TimeDelta;
use contract::{Actor, Authority};
use eventstore::AppendError;
use service::{Permit, RequestFacts};

use crate::fields::Email;
use crate::mail::{Mail, Template};
use crate::password_reset::PasswordReset;
use crate::{Directory, mailing, store};

/// Mails a link to the person with this email, if there is one who can sign in. Nobody has proved anything: the
/// event says so, and its context from where it was asked.
///
/// # Errors
/// When the database fails; nothing was asked for then.
pub(crate) async fn ask(
    directory: &Directory,
    facts: &RequestFacts,
    email: &Email,
) -> Result<(), AppendError> {
    let (resources, env) = (&directory.resources, &directory.resources.env);
    let found = store::people::find_by_email(&mut *resources.pool.acquire().await?, email).await?;
    let Some(person) = found.filter(|person| person.deactivated_at.is_none()) else {
        return Ok(());
    };
    let (actor, authority) = (Actor::Anonymous, Authority::role("anyone"));
    let mut unit = Permit::by_credentials(resources, facts, actor, authority, None).begin();
    let lifetime = TimeDelta::minutes(directory.settings.password_reset_minutes.into());
    let (reset, requested) = PasswordReset::request(env.new_id(), person.id, lifetime, env.now());
    store::password_resets::insert(unit.connection().await?, &reset).await?;
    let event = unit.record(reset.id.uuid(), reset.version, &requested)?;
    let template = Template::ResetPassword { reset: reset.id.uuid() };
    let mail = Mail { template, recipient: person.email, language: person.language };
    mailing::request(&mut unit, event, &mail, env).await?;
    unit.commit().await
}
