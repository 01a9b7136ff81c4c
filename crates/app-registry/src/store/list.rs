//! Lists of apps.

use chrono::{DateTime, Utc};
use contract::rpc::AppState;
use contract::{AppId, OrganizationId};
use sqlx::PgPool;
use uuid::Uuid;

use super::row::AppRow;
use crate::app::App;

/// Which apps a list has.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// Those of these organizations; of all, if none are named.
    pub(crate) organizations: Option<Vec<OrganizationId>>,
    /// Those in this state; in any, if none is named.
    pub(crate) state: Option<AppState>,
    /// Those made before this one, by when it was made and its id.
    pub(crate) before: Option<(DateTime<Utc>, AppId)>,
    /// At most so many.
    pub(crate) limit: i64,
}

/// A page of apps, newest first.
///
/// Each organization and state is read in the order of its index and no further than the page
/// reaches, so that a page costs the same however many apps there are. By `created_at`, because an
/// order by `id` alone lets the planner follow the primary key, which for a state that few apps are
/// in passes over all the others.
pub(crate) async fn list(pool: &PgPool, listed: &Listed) -> sqlx::Result<Vec<App>> {
    let states: Vec<String> = match listed.state {
        Some(state) => vec![state.as_str().to_owned()],
        None => ["draft", "active", "suspended", "archived"].map(ToOwned::to_owned).to_vec(),
    };
    let newest = (DateTime::<Utc>::MAX_UTC, Uuid::max());
    let before = listed.before.map_or(newest, |(created_at, id)| (created_at, id.uuid()));
    let rows = match &listed.organizations {
        Some(organizations) => {
            let organizations: Vec<Uuid> = organizations.iter().map(|id| id.uuid()).collect();
            sqlx::query_as!(
                AppRow,
                r#"SELECT a.id AS "id!", a.organization_id AS "organization_id!", a.name AS "name!", a.description,
                          a.authentication_method AS "authentication_method!", a.service, a.domains AS "domains!",
                          a.scopes AS "scopes!", a.image_sha256, a.pkce_required AS "pkce_required!", a.state AS "state!",
                          a.created_at AS "created_at!", a.updated_at AS "updated_at!", a.activated_at,
                          a.version AS "version!"
                   FROM unnest($1::uuid[]) AS wanted_organization (id)
                   CROSS JOIN unnest($2::text[]) AS wanted_state (name)
                   CROSS JOIN LATERAL (
                       SELECT * FROM app_registry.apps
                       WHERE organization_id = wanted_organization.id AND state = wanted_state.name
                         AND (created_at, id) < ($3, $4)
                       ORDER BY created_at DESC, id DESC LIMIT $5
                   ) AS a
                   ORDER BY a.created_at DESC, a.id DESC LIMIT $5"#,
                &organizations,
                &states,
                before.0,
                before.1,
                listed.limit
            )
            .fetch_all(pool)
            .await?
        }
        None => {
            sqlx::query_as!(
                AppRow,
                r#"SELECT a.id AS "id!", a.organization_id AS "organization_id!", a.name AS "name!", a.description,
                          a.authentication_method AS "authentication_method!", a.service, a.domains AS "domains!",
                          a.scopes AS "scopes!", a.image_sha256, a.pkce_required AS "pkce_required!", a.state AS "state!",
                          a.created_at AS "created_at!", a.updated_at AS "updated_at!", a.activated_at,
                          a.version AS "version!"
                   FROM unnest($1::text[]) AS wanted_state (name)
                   CROSS JOIN LATERAL (
                       SELECT * FROM app_registry.apps
                       WHERE state = wanted_state.name AND (created_at, id) < ($2, $3)
                       ORDER BY created_at DESC, id DESC LIMIT $4
                   ) AS a
                   ORDER BY a.created_at DESC, a.id DESC LIMIT $4"#,
                &states,
                before.0,
                before.1,
                listed.limit
            )
            .fetch_all(pool)
            .await?
        }
    };
    rows.into_iter().map(App::try_from).collect()
}
