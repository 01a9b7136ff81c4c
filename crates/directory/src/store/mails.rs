use chrono::{DateTime, Utc};
use contract::{CorrelationId, EventId, MailId, OrganizationId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;

use crate::mail::{Mail, Template};

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
