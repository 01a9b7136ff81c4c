//! Telling that keys will expire: an event in the key's stream, and a mail to the organization (rule 41).

use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use contract::{Provenance, Service};
use eventstore::{AppendError, EventStore};
use service::mail_requests;

use crate::key_notice::NoticeDays;
use crate::store::{keys, notices};

/// Of how many keys one transaction tells.
const BATCH: i64 = 100;

/// Computes for all keys when something is told next, if the days are others than they were, or were never looked at.
///
/// # Errors
/// When the database fails; nothing was changed then.
pub(crate) async fn follow_days(events: &EventStore, days: &NoticeDays) -> Result<(), sqlx::Error> {
    let now = events.environment().now();
    let days: Vec<i16> = days.iter().map(|days| i16::try_from(days).unwrap_or(i16::MAX)).collect();
    let mut transaction = events.pool().begin().await?;
    if notices::change_days(&mut *transaction, &days).await? {
        notices::recompute(&mut *transaction, &days, now).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Tells of some keys that they will expire, each number of days once, whatever other replicas do at the same time.
/// Answers how many were looked at; none means that nothing is left to do.
///
/// # Errors
/// When the database fails; what was not told is found again.
pub(crate) async fn tell(events: &EventStore, days: &NoticeDays) -> Result<usize, AppendError> {
    let environment = events.environment();
    let now = environment.now();
    let sweep = Provenance::system(Service::KeyIssuer, None, environment.new_id());
    let mut transaction = events.pool().begin().await?;
    let due = notices::lock_due(&mut transaction, now, BATCH).await?;
    let (mut told, mut mails) = (Vec::new(), Vec::new());
    for one in &due {
        let Some(key) = keys::lock(&mut transaction, one.key_id).await? else {
            continue;
        };
        let mut last = one.told;
        if let Some((next, fact)) = key.expiring(days, one.told, now) {
            notices::insert(&mut *transaction, key.id, fact.days, now).await?;
            keys::save(&mut transaction, &next).await?;
            last = Some(fact.days);
            told.push((one.organization_id, next, fact));
        }
        notices::save_next(&mut *transaction, key.id, key.notice_at(days, last)).await?;
    }
    if !told.is_empty() {
        let mut unit = events.join(&mut transaction, &sweep);
        for (organization, key, fact) in &told {
            let provenance = sweep.clone().for_organization(*organization);
            let event = unit.record_as(&provenance, key.id.uuid(), key.version, fact)?;
            mails.push(RequestedMail {
                event_id: event,
                organization_id: Some(*organization),
                correlation_id: sweep.correlation,
                mail: MailRequest::KeyExpiring {
                    key_id: fact.key_id,
                    app_id: fact.app_id,
                    days: fact.days,
                    expires_at: fact.expires_at,
                },
                recipient: MailRecipient::Contact(*organization),
            });
        }
        mail_requests::request(unit.connection().await?, &mails, now).await?;
        unit.flush().await?;
    }
    // Crash point: nothing is committed; the same keys are found again.
    transaction.commit().await?;
    if !told.is_empty() {
        events.wake_relays();
    }
    Ok(due.len())
}
