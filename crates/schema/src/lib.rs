//! Brings a database to the shape the services expect.
//!
//! Each service has a schema of its own, a role of its own (`mandate_<schema>`) that may do there
//! what its migrations grant and nothing elsewhere, and two sets of migrations: the event tables,
//! the same for all (`migrations/eventstore`), and its own (`migrations/<service>`).
//!
//! [`migrate`] is safe to run again and by several at once: it works under an advisory lock.

use contract::Service;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

static EVENTSTORE: Migrator = sqlx::migrate!("../../migrations/eventstore");
static DIRECTORY: Migrator = sqlx::migrate!("../../migrations/directory");
static APP_REGISTRY: Migrator = sqlx::migrate!("../../migrations/app-registry");
static KEY_ISSUER: Migrator = sqlx::migrate!("../../migrations/key-issuer");
static CONSENT_BROKER: Migrator = sqlx::migrate!("../../migrations/consent-broker");
static AUDIT: Migrator = sqlx::migrate!("../../migrations/audit");
static NOTIFIER: Migrator = sqlx::migrate!("../../migrations/notifier");

/// Why a database could not be migrated.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// The database does not answer or refuses.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
    /// A migration failed or was edited after it ran.
    #[error("migrating {service}: {source}")]
    Migration {
        /// Whose migration.
        service: Service,
        /// Why.
        source: sqlx::migrate::MigrateError,
    },
}

/// A service's login: with a password its role may log in, without one it can only be taken on
/// (`SET ROLE`) by the login that owns the database.
#[derive(Debug, Clone)]
pub struct Login {
    /// The service.
    pub service: Service,
    /// The password of its role.
    pub password: Option<String>,
}

fn migrations(service: Service) -> &'static Migrator {
    match service {
        Service::Directory => &DIRECTORY,
        Service::AppRegistry => &APP_REGISTRY,
        Service::KeyIssuer => &KEY_ISSUER,
        Service::ConsentBroker => &CONSENT_BROKER,
        Service::Audit => &AUDIT,
        Service::Notifier => &NOTIFIER,
    }
}

/// Creates and updates the schemas and roles of these services.
///
/// # Errors
/// When the database cannot be reached, the login may not create roles or schemas, or a migration
/// fails. What ran before stays; a second run goes on from there.
pub async fn migrate(url: &str, logins: &[Login]) -> Result<(), SchemaError> {
    // Passwords stand in statements here, and no log may show them, however much it shows.
    let options: PgConnectOptions = url.parse()?;
    let mut connection = options.disable_statement_logging().connect().await?;
    // Roles belong to the whole server: two databases of it must not create them at the same time.
    sqlx::query("SELECT pg_advisory_lock(hashtext('mandate.migrate'))")
        .execute(&mut connection)
        .await?;
    let result = migrate_all(&mut connection, logins).await;
    sqlx::query("SELECT pg_advisory_unlock(hashtext('mandate.migrate'))")
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    result
}

async fn migrate_all(connection: &mut PgConnection, logins: &[Login]) -> Result<(), SchemaError> {
    for login in logins {
        let service = login.service;
        let (schema, role) = (service.schema(), service.role());
        create_role(connection, role, login.password.as_deref()).await?;
        // Names come from an enum of ours, never from outside.
        let statements = [
            format!("CREATE SCHEMA IF NOT EXISTS {schema}"),
            format!("GRANT USAGE ON SCHEMA {schema} TO {role}"),
            format!("SET search_path = {schema}"),
        ];
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *connection).await?;
        }
        for (migrator, table) in
            [(&EVENTSTORE, "_eventstore_migrations"), (migrations(service), "_migrations")]
        {
            let mut migrator = Migrator {
                migrations: migrator.migrations.clone(),
                ..Migrator::with_migrations(Vec::new())
            };
            migrator.dangerous_set_table_name(format!("{schema}.{table}"));
            migrator.set_locking(false);
            migrator
                .run_direct(None, &mut *connection, false)
                .await
                .map_err(|source| SchemaError::Migration { service, source })?;
            let grant = format!("GRANT SELECT ON {schema}.{table} TO {role}");
            sqlx::query(AssertSqlSafe(grant)).execute(&mut *connection).await?;
        }
        tracing::debug!(%service, "migrated");
    }
    sqlx::query("RESET search_path").execute(connection).await?;
    Ok(())
}

async fn create_role(
    connection: &mut PgConnection,
    role: &str,
    password: Option<&str>,
) -> Result<(), SchemaError> {
    // Another database of the same server may have made the role; creating it twice is no error.
    let create = format!(
        "DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE; \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    sqlx::query(AssertSqlSafe(create)).execute(&mut *connection).await?;
    if let Some(password) = password {
        // ALTER ROLE takes no parameters: format() quotes what goes into the statement.
        let statement: String =
            sqlx::query_scalar("SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', $1, $2)")
                .bind(role)
                .bind(password)
                .fetch_one(&mut *connection)
                .await?;
        sqlx::query(AssertSqlSafe(statement)).execute(connection).await?;
    } else {
        // The owner's login must be able to take the role on. Since PostgreSQL 16 being a member,
        // as the creator of a role is, does not suffice for that.
        let grant = format!(
            "DO $$ DECLARE privilege text := \
               CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END; \
             BEGIN IF NOT pg_has_role(current_user, '{role}', privilege) THEN \
               EXECUTE format('GRANT {role} TO %I', current_user); END IF; END $$"
        );
        sqlx::query(AssertSqlSafe(grant)).execute(connection).await?;
    }
    Ok(())
}

/// Whether the schema of a service has every migration that this build knows. `connection` may be
/// the service's own.
///
/// # Errors
/// When the database does not answer, or the schema is not there at all.
pub async fn is_current(
    connection: &mut PgConnection,
    service: Service,
) -> Result<bool, sqlx::Error> {
    for (migrator, table) in
        [(&EVENTSTORE, "_eventstore_migrations"), (migrations(service), "_migrations")]
    {
        let query = format!("SELECT version FROM {}.{table} WHERE success", service.schema());
        let applied: Vec<i64> =
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut *connection).await?;
        if !migrator.iter().all(|migration| applied.contains(&migration.version)) {
            return Ok(false);
        }
    }
    Ok(true)
}
