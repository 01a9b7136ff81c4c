use std::time::Duration;

use chrono::{DateTime, Utc};
use contract::{CorrelationId, EventId, MailId, OrganizationId};
use eventstore::rows::exactly_one;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Named;
use crate::fields::Email;
use crate::language::Language;
use crate::mail::{Mail, Template};

/// At most so many are deleted by one statement.
const SWEPT_AT_ONCE: i64 = 1_000;

/// A template as it is stored.
#[derive(Serialize, Deserialize)]
struct Columns {
    template: String,
    parameters: Value,
}

impl TryFrom<Template> for Columns {
    type Error = sqlx::Error;
    fn try_from(template: Template) -> sqlx::Result<Self> {
        let encoded = serde_json::to_value(template).and_then(serde_json::from_value);
        encoded.map_err(|error| sqlx::Error::Encode(error.into()))
    }
}

impl Columns {
    /// None, if a later version of the program has written it.
    fn template(self) -> Option<Template> {
        serde_json::to_value(self).and_then(serde_json::from_value).ok()
    }
}

/// Which event asks for a mail, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// The mail.
    pub(crate) id: MailId,
    /// The event.
    pub(crate) event: EventId,
    /// Whose event it is.
    pub(crate) organization: Option<OrganizationId>,
    /// What the event belongs to.
    pub(crate) correlation: CorrelationId,
    /// When.
    pub(crate) now: DateTime<Utc>,
}

/// A mail that is to be tried now.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    /// Which event asked for it, and when.
    pub(crate) asked: Asked,
    /// What it says; none, if this version of the program does not know.
    pub(crate) template: Option<Template>,
    /// To whom.
    pub(crate) recipient: Email,
    /// In which language.
    pub(crate) language: Language,
    /// How often it was tried before.
    pub(crate) attempts: i32,
}

/// How a mail ended, or not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was sent.
    Sent,
    /// It is tried no more.
    Abandoned,
    /// It is tried again, not before this time.
    Retried(DateTime<Utc>),
}

/// Keeps a mail that is to be sent at once.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    asked: &Asked,
    mail: &Mail,
) -> sqlx::Result<()> {
    let Columns { template, parameters } = mail.template.try_into()?;
    sqlx::query!(
        "INSERT INTO directory.mails
            (id, event_id, organization_id, correlation_id, template, parameters, recipient, language,
             created_at, next_attempt_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        asked.id.uuid(),
        asked.event.uuid(),
        asked.organization.map(OrganizationId::uuid),
        asked.correlation.uuid(),
        template,
        parameters,
        mail.recipient.as_str(),
        mail.language.as_str(),
        asked.now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The mail that has been due for the longest time, locked until the end of the transaction, which may be idle for
/// so long. Those that others try at the moment are passed over; tokens may be kept for it by others meanwhile.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    idle: Duration,
) -> sqlx::Result<Option<Due>> {
    let row = sqlx::query!(
        "SELECT id, event_id, organization_id, correlation_id, template, parameters, recipient, language,
                created_at, attempts
         FROM directory.mails
         WHERE sent_at IS NULL AND abandoned_at IS NULL AND next_attempt_at <= $1
         ORDER BY next_attempt_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED",
        now,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let idle = format!("{}ms", idle.as_millis());
    sqlx::query!("SELECT set_config('idle_in_transaction_session_timeout', $1, true)", idle)
        .fetch_one(conn)
        .await?;
    let template = Columns { template: row.template, parameters: row.parameters }.template();
    let asked = Asked {
        id: MailId::from_uuid(row.id),
        event: EventId::from_uuid(row.event_id),
        organization: row.organization_id.map(OrganizationId::from_uuid),
        correlation: CorrelationId::from_uuid(row.correlation_id),
        now: row.created_at,
    };
    Ok(Some(Due {
        asked,
        template,
        recipient: Email::read(&row.recipient)?,
        language: Language::read(&row.language)?,
        attempts: row.attempts,
    }))
}

/// Notes what came of a try of a mail that was claimed before.
pub(crate) async fn note(
    conn: &mut PgConnection,
    id: MailId,
    outcome: Outcome,
    error: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let next = match outcome {
        Outcome::Retried(at) => at,
        Outcome::Sent | Outcome::Abandoned => now,
    };
    let result = sqlx::query!(
        "UPDATE directory.mails
         SET attempts = attempts + 1, next_attempt_at = $2, last_error = $3, sent_at = $4, abandoned_at = $5
         WHERE id = $1 AND sent_at IS NULL AND abandoned_at IS NULL",
        id.uuid(),
        next,
        error,
        (outcome == Outcome::Sent).then_some(now),
        (outcome == Outcome::Abandoned).then_some(now),
    )
    .execute(conn)
    .await?;
    exactly_one(&result)
}

/// Forgets mails that were sent or abandoned before this time, with their tokens, some at a time: whether there may
/// be more.
pub(crate) async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> sqlx::Result<bool> {
    let swept = sqlx::query!(
        "DELETE FROM directory.mails WHERE id IN (
             SELECT id FROM directory.mails
             WHERE least(sent_at, abandoned_at) < $1 AND (sent_at IS NOT NULL OR abandoned_at IS NOT NULL)
             ORDER BY least(sent_at, abandoned_at) LIMIT $2)",
        before,
        SWEPT_AT_ONCE,
    )
    .execute(conn)
    .await?;
    Ok(i64::try_from(swept.rows_affected()).is_ok_and(|rows| rows == SWEPT_AT_ONCE))
}

/// A mail as operators see it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// Its id.
    pub(crate) id: MailId,
    /// The event that asks for it.
    pub(crate) event: EventId,
    /// The name of its template.
    pub(crate) template: String,
    /// To whom.
    pub(crate) recipient: String,
    /// In which language.
    pub(crate) language: Language,
    /// When it was asked for.
    pub(crate) created_at: DateTime<Utc>,
    /// How often it was tried.
    pub(crate) attempts: i32,
    /// When it is tried next, if it has not ended.
    pub(crate) next_attempt_at: DateTime<Utc>,
    /// When it was sent.
    pub(crate) sent_at: Option<DateTime<Utc>>,
    /// When it was abandoned.
    pub(crate) abandoned_at: Option<DateTime<Utc>>,
    /// What went wrong last.
    pub(crate) last_error: Option<String>,
}

struct Row {
    id: Uuid,
    event_id: Uuid,
    template: String,
    recipient: String,
    language: String,
    created_at: DateTime<Utc>,
    attempts: i32,
    next_attempt_at: DateTime<Utc>,
    sent_at: Option<DateTime<Utc>>,
    abandoned_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
}

impl TryFrom<Row> for Listed {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> sqlx::Result<Self> {
        Ok(Self {
            id: MailId::from_uuid(row.id),
            event: EventId::from_uuid(row.event_id),
            template: row.template,
            recipient: row.recipient,
            language: Language::read(&row.language)?,
            created_at: row.created_at,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            sent_at: row.sent_at,
            abandoned_at: row.abandoned_at,
            last_error: row.last_error,
        })
    }
}

/// Which mails are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailState {
    /// Those that are to be tried.
    Waiting,
    /// Those that are tried no more, and were not sent.
    Abandoned,
}

/// A page of the mails, the last first: those before this id.
pub(crate) async fn list(
    conn: &mut PgConnection,
    state: Option<MailState>,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<Listed>> {
    let before = before.unwrap_or(Uuid::max());
    let rows = match state {
        None => {
            sqlx::query_as!(
                Row,
                "SELECT id, event_id, template, recipient, language, created_at, attempts, next_attempt_at,
                        sent_at, abandoned_at, last_error
                 FROM directory.mails WHERE id < $1 ORDER BY id DESC LIMIT $2",
                before,
                limit,
            )
            .fetch_all(conn)
            .await?
        }
        Some(MailState::Waiting) => {
            sqlx::query_as!(
                Row,
                "SELECT id, event_id, template, recipient, language, created_at, attempts, next_attempt_at,
                        sent_at, abandoned_at, last_error
                 FROM directory.mails
                 WHERE id < $1 AND sent_at IS NULL AND abandoned_at IS NULL ORDER BY id DESC LIMIT $2",
                before,
                limit,
            )
            .fetch_all(conn)
            .await?
        }
        Some(MailState::Abandoned) => {
            sqlx::query_as!(
                Row,
                "SELECT id, event_id, template, recipient, language, created_at, attempts, next_attempt_at,
                        sent_at, abandoned_at, last_error
                 FROM directory.mails WHERE id < $1 AND abandoned_at IS NOT NULL ORDER BY id DESC LIMIT $2",
                before,
                limit,
            )
            .fetch_all(conn)
            .await?
        }
    };
    rows.into_iter().map(Listed::try_from).collect()
}
