//! The SQL of apps and images. Writes go through the connection of an `eventstore` unit, together
//! with the events they belong to; the database's own guards are in `migrations/app-registry`.

use chrono::{DateTime, Utc};
use contract::catalogue::{DomainLevel, Level};
use contract::rpc::{AppState, AuthenticationMethod, NamedApp};
use contract::{AppId, OrganizationId, Version};
use eventstore::{EventColumns, InsertWithEvents, Sequences, insert_events};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::app::App;
use crate::app_image::AppImage;

/// A row of `apps`.
struct AppRow {
    id: Uuid,
    organization_id: Uuid,
    name: String,
    description: Option<String>,
    authentication_method: String,
    service: Option<String>,
    domains: Vec<String>,
    scopes: Vec<String>,
    image_sha256: Option<Vec<u8>>,
    state: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    activated_at: Option<DateTime<Utc>>,
    version: i64,
}

/// A column holds what its CHECK constraint rules out: the table is not the one of our migrations.
#[derive(Debug, thiserror::Error)]
#[error("app {app}: column {column} holds what no app has")]
struct Impossible {
    app: Uuid,
    column: &'static str,
}

/// A stored image.
#[derive(Debug, Clone)]
pub struct StoredImage {
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// SHA-256 of the bytes.
    pub sha256: Vec<u8>,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Which apps a list has.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Those of these organizations; of all, if none are named.
    pub organizations: Option<Vec<OrganizationId>>,
    /// Those in this state; in any, if none is named.
    pub state: Option<AppState>,
    /// Those made before this one, by when it was made and its id.
    pub before: Option<(DateTime<Utc>, AppId)>,
    /// At most so many.
    pub limit: i64,
}

/// The app, if there is one.
pub async fn find(pool: &PgPool, id: AppId) -> sqlx::Result<Option<App>> {
    let row = sqlx::query_as!(
        AppRow,
        "SELECT id, organization_id, name, description, authentication_method, service, domains, scopes,
                image_sha256, state, created_at, updated_at, activated_at, version
         FROM app_registry.apps WHERE id = $1",
        id.uuid()
    )
    .fetch_optional(pool)
    .await?;
    row.map(App::try_from).transpose()
}

/// The app, locked until the transaction ends: what is decided on it still holds when it is saved.
pub async fn lock(connection: &mut PgConnection, id: AppId) -> sqlx::Result<Option<App>> {
    let row = sqlx::query_as!(
        AppRow,
        "SELECT id, organization_id, name, description, authentication_method, service, domains, scopes,
                image_sha256, state, created_at, updated_at, activated_at, version
         FROM app_registry.apps WHERE id = $1 FOR UPDATE",
        id.uuid()
    )
    .fetch_optional(connection)
    .await?;
    row.map(App::try_from).transpose()
}

/// A page of apps, newest first.
///
/// Each organization and state is read in the order of its index and no further than the page
/// reaches, so that a page costs the same however many apps there are. By `created_at`, because an
/// order by `id` alone lets the planner follow the primary key, which for a state that few apps are
/// in passes over all the others.
pub async fn list(pool: &PgPool, listed: &Listed) -> sqlx::Result<Vec<App>> {
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
                          a.scopes AS "scopes!", a.image_sha256, a.state AS "state!",
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
                          a.scopes AS "scopes!", a.image_sha256, a.state AS "state!",
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

/// The names of these apps; unknown ones are left out.
pub async fn name(pool: &PgPool, ids: &[AppId]) -> sqlx::Result<Vec<NamedApp>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT id, name, organization_id FROM app_registry.apps WHERE id = ANY ($1)",
        &ids
    )
    .fetch_all(pool)
    .await?;
    let named = rows.into_iter().map(|row| NamedApp {
        app_id: AppId::from_uuid(row.id),
        name: row.name,
        organization_id: OrganizationId::from_uuid(row.organization_id),
    });
    Ok(named.collect())
}

/// New drafts.
pub struct NewApps<'a>(pub Vec<&'a App>);

impl NewApps<'_> {
    fn column<T>(&self, of: impl Fn(&App) -> T) -> Vec<T> {
        self.0.iter().map(|app| of(app)).collect()
    }
}

impl InsertWithEvents for NewApps<'_> {
    async fn insert(
        &self,
        connection: &mut PgConnection,
        events: &EventColumns<'_>,
    ) -> sqlx::Result<Sequences> {
        insert_events!(
            connection,
            events,
            r#", app AS (
            INSERT INTO app_registry.apps
                (id, organization_id, name, description, authentication_method, service, domains, scopes,
                 state, created_at, updated_at, version)
            SELECT id, organization_id, name, description, authentication_method, service,
                   string_to_array(domains, ' '), '{}', state, created_at, updated_at, version
            FROM unnest($15::uuid[], $16::uuid[], $17::text[], $18::text[], $19::text[], $20::text[],
                        $21::text[], $22::text[], $23::timestamptz[], $24::timestamptz[], $25::bigint[])
                 AS new (id, organization_id, name, description, authentication_method, service, domains,
                         state, created_at, updated_at, version)
            WHERE (SELECT yes FROM allowed)
        )"#,
            &self.column(|app| app.id.uuid()),
            &self.column(|app| app.organization_id.uuid()),
            &self.column(|app| app.name.clone()),
            &self.column(|app| app.description.clone()) as &[Option<String>],
            &self.column(|app| app.authentication_method.as_str().to_owned()),
            &self.column(|app| app.service.clone()) as &[Option<String>],
            // An array of arrays would need them all to have one length. No domain has a space.
            &self.column(|app| texts(&app.domains).join(" ")),
            &self.column(|app| app.state.as_str().to_owned()),
            &self.column(|app| app.created_at),
            &self.column(|app| app.updated_at),
            &self.column(|app| app.version.number())
        )
    }
}

/// Keeps what became of a [`lock`]ed app that was at version `before`.
pub async fn save(connection: &mut PgConnection, app: &App, before: Version) -> sqlx::Result<()> {
    let saved = sqlx::query!(
        "UPDATE app_registry.apps
         SET name = $3, description = $4, service = $5, domains = $6, scopes = $7, image_sha256 = $8,
             state = $9, updated_at = $10, activated_at = $11, version = $12
         WHERE id = $1 AND version = $2",
        app.id.uuid(),
        before.number(),
        app.name,
        app.description,
        app.service,
        &texts(&app.domains),
        &app.scopes,
        app.image_sha256.as_ref().map(<[u8; 32]>::as_slice),
        app.state.as_str(),
        app.updated_at,
        app.activated_at,
        app.version.number()
    )
    .execute(connection)
    .await?;
    // Locked and unchanged since, so it is there; were it not, its events must not be recorded.
    if saved.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

/// Keeps a draft's image in place of the one before.
pub async fn save_image(
    connection: &mut PgConnection,
    app: &App,
    image: &AppImage,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO app_registry.images (app_id, media_type, sha256, bytes, set_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (app_id) DO UPDATE
         SET media_type = EXCLUDED.media_type, sha256 = EXCLUDED.sha256, bytes = EXCLUDED.bytes,
             set_at = EXCLUDED.set_at",
        app.id.uuid(),
        image.media_type,
        &image.sha256[..],
        &image.bytes,
        app.updated_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The app's image, if it has one.
pub async fn image(pool: &PgPool, id: AppId) -> sqlx::Result<Option<StoredImage>> {
    sqlx::query_as!(
        StoredImage,
        "SELECT media_type, sha256, bytes FROM app_registry.images WHERE app_id = $1",
        id.uuid()
    )
    .fetch_optional(pool)
    .await
}

fn texts(domains: &[DomainLevel]) -> Vec<String> {
    domains.iter().map(ToString::to_string).collect()
}

fn parse_domain(text: &str) -> Option<DomainLevel> {
    let (domain, level) = text.split_once(':')?;
    let level = match level {
        "read" => Level::Read,
        "manage" => Level::Manage,
        _ => return None,
    };
    Some(DomainLevel { domain: domain.to_owned(), level })
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
                .map(|text| parse_domain(text))
                .collect::<Option<_>>()
                .ok_or_else(|| impossible("domains"))?,
            image_sha256: row
                .image_sha256
                .map(|bytes| bytes.try_into().map_err(|_| impossible("image_sha256")))
                .transpose()?,
            state: AppState::parse(&row.state).ok_or_else(|| impossible("state"))?,
            version: Version::new(row.version).ok_or_else(|| impossible("version"))?,
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
