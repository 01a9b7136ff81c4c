//! A row of `apps`, and the app it is.

use chrono::{DateTime, Utc};
use contract::catalogue::DomainLevel;
use contract::rpc::{AppState, AuthenticationMethod};
use contract::{AppId, OrganizationId};
use eventstore::rows::version;
use uuid::Uuid;

use crate::app::App;

/// A row of `apps`.
pub(super) struct AppRow {
    pub(super) id: Uuid,
    pub(super) organization_id: Uuid,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) authentication_method: String,
    pub(super) service: Option<String>,
    pub(super) domains: Vec<String>,
    pub(super) scopes: Vec<String>,
    pub(super) image_sha256: Option<Vec<u8>>,
    pub(super) pkce_required: bool,
    pub(super) state: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    pub(super) activated_at: Option<DateTime<Utc>>,
    pub(super) version: i64,
}

/// A column holds what its CHECK constraint rules out: the table is not the one of our migrations.
#[derive(Debug, thiserror::Error)]
#[error("app {app}: column {column} holds what no app has")]
struct Impossible {
    app: Uuid,
    column: &'static str,
}

impl TryFrom<AppRow> for App {
    type Error = sqlx::Error;

    fn try_from(row: AppRow) -> sqlx::Result<Self> {
        let impossible = |column| sqlx::Error::Decode(Box::new(Impossible { app: row.id, column }));
        Ok(Self {
            id: AppId::from_uuid(row.id),
            organization_id: OrganizationId::from_uuid(row.organization_id),
            authentication_method: AuthenticationMethod::parse(&row.authentication_method)
                .ok_or_else(|| impossible("authentication_method"))?,
            domains: row
                .domains
                .iter()
                .map(|text| text.parse::<DomainLevel>())
                .collect::<Result<_, _>>()
                .map_err(|_| impossible("domains"))?,
            image_sha256: row
                .image_sha256
                .map(|bytes| bytes.try_into().map_err(|_| impossible("image_sha256")))
                .transpose()?,
            pkce_required: row.pkce_required,
            state: AppState::parse(&row.state).ok_or_else(|| impossible("state"))?,
            version: version(row.version)?,
            name: row.name,
            description: row.description,
            service: row.service,
            scopes: row.scopes,
            created_at: row.created_at,
            updated_at: row.updated_at,
            activated_at: row.activated_at,
        })
    }
}

/// Domains, as the column keeps them.
pub(super) fn texts(domains: &[DomainLevel]) -> Vec<String> {
    domains.iter().map(ToString::to_string).collect()
}
