//! Whether the index says of every entry what the entry says: it is no part of what was signed, and whoever asks by it
//! would not be shown what it hides.
//!
//! `mandate verify` reads files of the log only, so that this is looked at here.

use std::str::FromStr;

use contract::{AccountId, AppId, Envelope, OrganizationId, PersonId};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

/// An entry's row that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongRow {
    /// The entry's position.
    pub position: i64,
    /// The column that is wrong.
    pub column: &'static str,
}

/// The columns that are not as their entries say.
///
/// # Errors
/// When the database fails, or an entry is no event.
pub async fn wrong_rows(conn: &mut PgConnection) -> anyhow::Result<Vec<WrongRow>> {
    let rows = sqlx::query(
        "SELECT position, envelope, event_id, stream_kind, stream_id, version, type, source, organization, app_id,
             account_id, person_id, actor, correlation_id, occurred_at
         FROM audit.entries ORDER BY position",
    )
    .fetch_all(conn)
    .await?;
    let mut wrong = Vec::new();
    for row in rows {
        let position = row.get("position");
        let envelope = Envelope::parse(row.get("envelope"))?;
        let (kind, stream) = envelope.stream()?;
        let organization = envelope.organization.or_else(|| fact(&envelope, "organization_id"));
        let app: Option<AppId> = fact(&envelope, "app_id").or_else(|| target(&envelope, "app"));
        let account: Option<AccountId> =
            fact(&envelope, "account_id").or_else(|| target(&envelope, "account"));
        let person: Option<PersonId> =
            fact(&envelope, "person_id").or_else(|| target(&envelope, "person"));
        let uuid = |column: &str| row.get::<Option<Uuid>, _>(column);
        let text = |column: &str| row.get::<String, _>(column);
        for (column, is_right) in [
            ("event_id", uuid("event_id") == Some(envelope.id.uuid())),
            ("stream_kind", text("stream_kind") == kind),
            ("stream_id", uuid("stream_id") == Some(stream)),
            ("version", row.get::<i64, _>("version") == envelope.streamversion.number()),
            ("type", text("type") == envelope.kind),
            ("source", text("source") == envelope.source.name()),
            ("organization", uuid("organization") == organization.map(OrganizationId::uuid)),
            ("app_id", uuid("app_id") == app.map(AppId::uuid)),
            ("account_id", uuid("account_id") == account.map(AccountId::uuid)),
            ("person_id", uuid("person_id") == person.map(PersonId::uuid)),
            ("actor", text("actor") == envelope.actor.to_string()),
            ("correlation_id", uuid("correlation_id") == Some(envelope.correlationid.uuid())),
            (
                "occurred_at",
                row.get::<chrono::DateTime<chrono::Utc>, _>("occurred_at") == envelope.time,
            ),
        ] {
            if !is_right {
                wrong.push(WrongRow { position, column });
            }
        }
    }
    Ok(wrong)
}

/// The id that the fact has under this name.
fn fact<I: FromStr>(envelope: &Envelope, field: &str) -> Option<I> {
    envelope.data.get(field)?.as_str()?.parse().ok()
}

/// The id of what a refused attempt was aimed at, if it is of this kind.
fn target<I: FromStr>(envelope: &Envelope, kind: &str) -> Option<I> {
    let target = envelope.data.get("target")?.as_str()?;
    target.strip_prefix(kind)?.strip_prefix('/')?.parse().ok()
}
