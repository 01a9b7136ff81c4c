//! The passing on of a link: somebody whose role does not suffice asks somebody whose role does. The count, the event and
//! the mail become true together.

use chrono::{DateTime, Duration, Utc};
use contract::ids::{AccountId, LinkId};
use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use eventstore::AppendError;
use service::{Permit, Resources, mail_requests};

use crate::Settings;
use crate::link::{NotPassedOn, PassOn};
use crate::redemption::{self, RedemptionError};
use crate::store::{links, passings};

/// Why a link was not passed on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassingOnError {
    /// It is not passed on now.
    #[error(transparent)]
    Refused(#[from] NotPassedOn),
    /// What keeps it from being used, too.
    #[error(transparent)]
    Unusable(#[from] RedemptionError),
}

impl From<sqlx::Error> for PassingOnError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unusable(error.into())
    }
}

impl From<AppendError> for PassingOnError {
    fn from(error: AppendError) -> Self {
        Self::Unusable(error.into())
    }
}

/// Passes the link on, because of this account: when.
pub(crate) async fn pass_on(
    resources: &Resources,
    settings: &Settings,
    permit: &Permit,
    (link_id, account, passing): (LinkId, AccountId, PassOn),
) -> Result<DateTime<Utc>, PassingOnError> {
    let mut unit = permit.begin();
    let (link, at) = redemption::lock(&mut unit, resources, link_id).await?;
    let connection = unit.connection().await?;
    let last = passings::last_to(&mut *connection, link_id, passing.to).await?;
    let pause = Duration::minutes(settings.passing_pause_minutes.into());
    let (link, fact) = link.pass_on(passing, last, (settings.max_passings_per_link, pause), at)?;
    passings::insert(connection, link_id, account, passing, at).await?;
    links::save_passed_on(connection, &link).await?;
    let event_id = unit.record(link_id.uuid(), link.version, &fact)?;
    let PassOn { id: pass_on_id, from: by, to } = passing;
    let mail = RequestedMail {
        event_id,
        organization_id: unit.provenance().organization,
        correlation_id: unit.provenance().correlation,
        mail: MailRequest::ConsentPassedOn { link_id, pass_on_id, app_id: link.app_id, by },
        recipient: MailRecipient::Person(to),
    };
    mail_requests::request(unit.connection().await?, &[mail], at).await?;
    unit.commit().await?;
    Ok(at)
}
