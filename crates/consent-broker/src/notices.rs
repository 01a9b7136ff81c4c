//! Sends notices that consents will end: each is a row, an event and a mail in one transaction, so each is sent once,
//! whoever dies and whatever the clock does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::facts::ConsentNoticeSent;
use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use contract::{ConsentNoticeId, Provenance, Service, Version};
use eventstore::AppendError;
use service::{Resources, mail_requests};
use sqlx::PgConnection;

use crate::as_of::AsOf;
use crate::grant::Grant;
use crate::notice;
use crate::store::grants;
use crate::store::notices::{self, Notice};

/// So many grants a transaction: few enough that none waits long for its lock.
const BATCH: i64 = 500;

/// Why notices could not be sent. They are found again.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// The database refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The events could not be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Looks for notices that are due every `period` until shutdown.
pub(crate) fn spawn(resources: &Resources, period: Duration, notice_days: &[u16]) {
    let sending = resources.clone();
    let notice_days: Arc<[u16]> = notice_days.into();
    resources.tasks.every(period, "consent-notices", move || {
        let (resources, notice_days) = (sending.clone(), Arc::clone(&notice_days));
        async move {
            loop {
                let begun = Instant::now();
                if send(&resources, &notice_days).await? == 0 {
                    return Ok::<(), NoticeError>(());
                }
                // As for grants that expire: others have the other half of the time.
                tokio::time::sleep(begun.elapsed()).await;
            }
        }
    });
}

/// Looks at some grants for which a notice may be due, sends what is, and says at how many it looked. Any number of
/// replicas may do so at once: each skips what another has locked.
///
/// # Errors
/// See [`NoticeError`].
pub async fn send(resources: &Resources, notice_days: &[u16]) -> Result<usize, NoticeError> {
    let as_of = AsOf::now(resources);
    let mut transaction = resources.pool.begin().await?;
    let found = grants::lock_notice_due(&mut transaction, BATCH, as_of).await?;
    if found.is_empty() {
        return Ok(0);
    }
    let due: Vec<Notice<'_>> =
        found.iter().filter_map(|grant| due(grant, as_of, notice_days)).collect();
    // What was sent before, and is due again since the clock was moved, is left out.
    let new = notices::insert(&mut transaction, &due, as_of.now).await?;

    let new = due.into_iter().filter(|notice| new.contains(&notice.grant.id));
    let mails = record(resources, &mut transaction, new).await?;
    mail_requests::request(&mut transaction, &mails, as_of.now).await?;
    let next = found.iter().map(|grant| {
        let since = grant.counts_since();
        (grant.id, notice::next(grant.expires_at, since, as_of.now, notice_days))
    });
    grants::set_notice_due(&mut transaction, next).await?;
    // Crash point: nothing is committed; the same ones are found again.
    transaction.commit().await?;
    if !mails.is_empty() {
        resources.events.wake_relays();
    }
    Ok(found.len())
}

fn due<'g>(grant: &'g Grant, as_of: AsOf<'_>, notice_days: &[u16]) -> Option<Notice<'g>> {
    let days = notice::due(grant, as_of.now, notice_days)?;
    Some(Notice { grant, expires_at: grant.expires_at?, days })
}

/// Records an event for each notice: the mails that they ask for.
async fn record<'g>(
    resources: &Resources,
    connection: &mut PgConnection,
    notices: impl Iterator<Item = Notice<'g>>,
) -> Result<Vec<RequestedMail>, NoticeError> {
    let own = Provenance::system(Service::ConsentBroker, None, resources.env.new_id());
    let mut unit = resources.events.join(connection, &own);
    let mut mails = Vec::new();
    for Notice { grant, expires_at, days } in notices {
        let Grant { id: grant_id, app_id, account_id, organization_id, .. } = *grant;
        let correlation = resources.env.new_id();
        let by = Provenance::system(Service::ConsentBroker, Some(organization_id), correlation);
        let notice_id: ConsentNoticeId = resources.env.new_id();
        let person_id = grant.answerable();
        let fact = ConsentNoticeSent {
            notice_id,
            grant_id,
            app_id,
            account_id,
            person_id,
            days,
            expires_at,
        };
        mails.push(RequestedMail {
            event_id: unit.record_as(&by, notice_id.uuid(), Version::FIRST, &fact)?,
            organization_id: Some(organization_id),
            correlation_id: correlation,
            mail: MailRequest::ConsentExpiring { grant_id, app_id, account_id, days, expires_at },
            recipient: MailRecipient::Person(person_id),
        });
    }
    if !mails.is_empty() {
        unit.flush().await?;
    }
    Ok(mails)
}
