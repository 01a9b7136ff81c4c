//! Asking the directory for mails (transactional outbox): a mail is a row that becomes true with the event that asks
//! for it, and a worker hands it over.
//!
//! A service that asks for mails has the table `mail_requests` in its schema (as in
//! `migrations/key-issuer/0005_mail_requests.sql`), calls [`request`] in the unit that records the event, and [`spawn`]
//! at its start. The directory knows what it has by event and recipient, so each mail is written once. While the
//! directory is away, mails wait.
//!
//! Names are unqualified: the search path is the service's schema.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use contract::rpc::RequestMails;
use contract::{CorrelationId, EventId, OrganizationId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use crate::resources::Resources;
use crate::rpc::{CallContext, RpcError};

/// How often workers look whether a mail is asked for.
const LOOK: Duration = Duration::from_millis(500);

/// How long a refused one waits before it is asked for again: the first time, and at most.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Asks for mails, in the transaction that records their events. An event asks for one mail to the same recipient.
///
/// # Errors
/// When the database fails; the transaction must be rolled back then.
pub async fn request(
    connection: &mut PgConnection,
    mails: &[RequestedMail],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let mut columns = Columns::default();
    for asked in mails {
        columns.events.push(asked.event_id.uuid());
        columns.recipients.push(written(&asked.recipient)?);
        columns.organizations.push(asked.organization_id.map(OrganizationId::uuid));
        columns.correlations.push(asked.correlation_id.uuid());
        columns.mails.push(written(&asked.mail)?);
    }
    sqlx::query!(
        "INSERT INTO mail_requests
            (event_id, recipient, organization_id, correlation_id, mail, created_at, next_attempt_at)
         SELECT event_id, recipient, organization_id, correlation_id, mail, $6, $6
         FROM unnest($1::uuid[], $2::jsonb[], $3::uuid[], $4::uuid[], $5::jsonb[])
              AS asked (event_id, recipient, organization_id, correlation_id, mail)",
        &columns.events,
        &columns.recipients,
        &columns.organizations as _,
        &columns.correlations,
        &columns.mails,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Hands the mails of this service to the directory until shutdown. Each replica does.
pub fn spawn(resources: &Resources) {
    let resources = resources.clone();
    resources.tasks.clone().every(LOOK, "mail-requests", move || {
        let resources = resources.clone();
        async move {
            while hand_over(&resources).await? {}
            Ok::<(), sqlx::Error>(())
        }
    });
}

/// Hands some mails over. Whether there may be more.
async fn hand_over(resources: &Resources) -> Result<bool, sqlx::Error> {
    let mut transaction = resources.pool.begin().await?;
    let now = resources.env.now();
    let claimed = claim(&mut transaction, now).await?;
    if claimed.is_empty() {
        return Ok(false);
    }
    // Crash point: up to the answer nothing is deleted. What the directory has it is asked for again, and knows.
    let Some(taken) = ask(resources, &claimed).await else {
        return Ok(false);
    };
    delete(&mut *transaction, &taken).await?;
    for refused in claimed.iter().filter(|claimed| !taken.contains(&claimed.id)) {
        postpone(&mut *transaction, refused.id, now + pause(refused.attempts)).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// Which of these rows the directory has; none, if it is away.
async fn ask(resources: &Resources, claimed: &[Claimed]) -> Option<Vec<i64>> {
    let (env, rpc) = (&resources.env, &resources.rpc);
    let readable = claimed.iter().filter_map(|claimed| claimed.mail.map(|mail| (claimed.id, mail)));
    let (ids, mails): (Vec<i64>, Vec<RequestedMail>) = readable.unzip();
    match rpc.call(CallContext::new(env), &RequestMails { mails: mails.clone() }).await {
        Ok(_) => return Some(ids),
        Err(RpcError::Unavailable { .. }) => return None,
        // One of them may be to blame: each is asked for alone.
        Err(error) => tracing::warn!(mails = mails.len(), %error, "mails were not taken"),
    }
    let mut taken = Vec::new();
    for (id, mail) in ids.into_iter().zip(mails) {
        match rpc.call(CallContext::new(env), &RequestMails { mails: vec![mail] }).await {
            Ok(_) => taken.push(id),
            Err(RpcError::Unavailable { .. }) => return None,
            Err(error) => tracing::warn!(event = %mail.event_id, %error, "a mail was not taken"),
        }
    }
    Some(taken)
}

/// The columns of what is inserted.
#[derive(Default)]
struct Columns {
    events: Vec<Uuid>,
    recipients: Vec<Value>,
    organizations: Vec<Option<Uuid>>,
    correlations: Vec<Uuid>,
    mails: Vec<Value>,
}

/// A row that is held.
struct Claimed {
    id: i64,
    attempts: i32,
    /// None, if a later version of the program has written it.
    mail: Option<RequestedMail>,
}

/// Those that have been due for the longest time, held until the end of the transaction. What others hold is left to
/// them.
async fn claim(
    connection: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<Claimed>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT id, event_id, recipient, organization_id, correlation_id, mail, attempts
         FROM mail_requests WHERE next_attempt_at <= $1
         ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        now,
        i64::try_from(RequestMails::MOST).unwrap_or(i64::MAX),
    )
    .fetch_all(connection)
    .await?;
    let claimed = rows.into_iter().map(|row| {
        let mail = read::<MailRequest>(row.mail).zip(read::<MailRecipient>(row.recipient));
        let mail = mail.map(|(mail, recipient)| RequestedMail {
            event_id: EventId::from_uuid(row.event_id),
            organization_id: row.organization_id.map(OrganizationId::from_uuid),
            correlation_id: CorrelationId::from_uuid(row.correlation_id),
            mail,
            recipient,
        });
        Claimed { id: row.id, attempts: row.attempts, mail }
    });
    Ok(claimed.collect())
}

async fn delete(executor: impl PgExecutor<'_>, ids: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM mail_requests WHERE id = ANY($1)", ids).execute(executor).await?;
    Ok(())
}

async fn postpone(
    executor: impl PgExecutor<'_>,
    id: i64,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE mail_requests SET attempts = attempts + 1, next_attempt_at = $2 WHERE id = $1",
        id,
        until,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// How long one waits that was refused so often before.
fn pause(attempts: i32) -> TimeDelta {
    let doubled = attempts.clamp(0, 10).unsigned_abs();
    (FIRST_PAUSE * (1 << doubled)).min(LONGEST_PAUSE)
}

fn written(value: &impl Serialize) -> Result<Value, sqlx::Error> {
    serde_json::to_value(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_waits_longer_each_time_and_at_most_an_hour() {
        assert_eq!([0, 1, 2, 100].map(|n| pause(n).num_minutes()), [1, 2, 4, 60]);
    }
}
