//! Brings a database to the shape the services expect.
//!
//! Each service has a schema of its own, a role of its own (`mandate_<schema>`) that may do there
//! what its migrations grant and nothing elsewhere, and two sets of migrations: the event tables,
//! the same for all (`migrations/eventstore`), and its own (`migrations/<service>`).
//!
//! The two have no order between them: a migration of the event tables touches those only, a service's
//! touches its own only, and a test holds it (`ownership`).
//!
//! [`migrate`] is safe to run again and by several at once: it works under an advisory lock. A database
//! whose history this build does not know is refused as it is.

mod history;
#[cfg(test)]
mod ownership;

use contract::Service;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};

use crate::history::Foreign;

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
    /// The database cannot keep every text.
    #[error(
        "the database {database} keeps texts as {encoding}, and names in all languages need UTF8: name another one, made \
         by `{}`",
        utf8_database(.database)
    )]
    Encoding {
        /// Its name, quoted where SQL needs it.
        database: String,
        /// What PostgreSQL calls its encoding.
        encoding: String,
    },
    /// The address is not that of PostgreSQL itself.
    #[error("it leads to a connection pooler, and needs PostgreSQL itself")]
    Pooler,
    /// A migration failed.
    #[error("migrating {service}: {source}")]
    Migration {
        /// Whose migration.
        service: Service,
        /// Why.
        source: sqlx::migrate::MigrateError,
    },
    /// The database was made by a build between two releases.
    #[error(
        "this data folder or database was made by an unreleased version of Mandate, and no release can \
         bring it up to date: begin with an empty one"
    )]
    Unreleased,
    /// The database was brought up to date by a newer build.
    #[error(
        "this database was brought up to date by a newer version of Mandate: {service} has migration \
         {version}, which this version does not know; run the newer version"
    )]
    Newer {
        /// Whose migration.
        service: Service,
        /// Which.
        version: i64,
    },
}

/// The statement that makes a database beside this one that keeps all texts.
fn utf8_database(beside: &str) -> String {
    let name = beside.trim_matches('"');
    format!(
        "CREATE DATABASE \"{name}_utf8\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
    )
}

/// A setting of no meaning, with which the connection begins. A connection pooler refuses it or leaves it out; behind one
/// the lock and the search path may be another session's.
const DIRECT: (&str, &str) = ("mandate.direct", "yes");

/// So often a role is altered before another's altering it is taken for something else.
const ROLE_TRIES: u32 = 100;

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

/// The sets of migrations of a service's schema, each with the table that keeps its history.
fn sets(service: Service) -> [(&'static Migrator, &'static str); 2] {
    [(&EVENTSTORE, "_eventstore_migrations"), (migrations(service), "_migrations")]
}

/// Creates and updates the schemas and roles of these services.
///
/// # Errors
/// When the database cannot be reached, or only by a connection pooler, or is not one of UTF-8, the login may not create
/// roles or schemas, a migration fails, or another version made the database. What ran before stays; a second run goes
/// on from there.
pub async fn migrate(url: &str, logins: &[Login]) -> Result<(), SchemaError> {
    // What passwords are checked against stands in statements here, and no log may show it, however much it
    // shows.
    let options: PgConnectOptions = url.parse()?;
    let options = options.options([DIRECT]);
    let mut connection = options.disable_statement_logging().connect().await?;
    refuse_pooler(&mut connection).await?;
    // Held in this database alone: what is done to roles, which belong to the whole server, bears company.
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

/// Before the lock, for which one would wait for ever where another session of the pooler has it.
async fn refuse_pooler(connection: &mut PgConnection) -> Result<(), SchemaError> {
    // By the simple protocol: behind a pooler two steps of one statement can reach two sessions.
    let row = sqlx::raw_sql("SELECT current_setting('mandate.direct', true)");
    let taken: Option<String> = row.fetch_one(connection).await?.try_get(0)?;
    if taken.as_deref() == Some(DIRECT.1) { Ok(()) } else { Err(SchemaError::Pooler) }
}

async fn migrate_all(connection: &mut PgConnection, logins: &[Login]) -> Result<(), SchemaError> {
    // Before anything is changed.
    refuse_other_encodings(connection).await?;
    refuse_other_versions(connection, logins).await?;
    for login in logins {
        prepare(connection, login).await?;
        for set in sets(login.service) {
            run(connection, login.service, set).await?;
        }
        tracing::debug!(service = %login.service, "migrated");
    }
    sqlx::query("RESET search_path").execute(connection).await?;
    Ok(())
}

/// Makes the service's role and schema, and makes the schema the search path.
async fn prepare(connection: &mut PgConnection, login: &Login) -> Result<(), SchemaError> {
    let (schema, role) = (login.service.schema(), login.service.role());
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
    Ok(())
}

/// Runs what has not run yet of a set, in the schema of the search path.
async fn run(
    connection: &mut PgConnection,
    service: Service,
    (set, table): (&'static Migrator, &str),
) -> Result<(), SchemaError> {
    let table = format!("{}.{table}", service.schema());
    let mut migrator =
        Migrator { migrations: set.migrations.clone(), ..Migrator::with_migrations(Vec::new()) };
    migrator.dangerous_set_table_name(table.clone());
    migrator.set_locking(false);
    migrator
        .run_direct(None, &mut *connection, false)
        .await
        .map_err(|source| SchemaError::Migration { service, source })?;
    let grant = format!("GRANT SELECT ON {table} TO {}", service.role());
    sqlx::query(AssertSqlSafe(grant)).execute(connection).await?;
    Ok(())
}

/// Refuses a database in which the first name that it cannot keep would fail a request.
async fn refuse_other_encodings(connection: &mut PgConnection) -> Result<(), SchemaError> {
    let (database, encoding): (String, String) = sqlx::query_as(
        "SELECT quote_ident(current_database()), current_setting('server_encoding')",
    )
    .fetch_one(connection)
    .await?;
    if encoding == "UTF8" { Ok(()) } else { Err(SchemaError::Encoding { database, encoding }) }
}

/// Refuses a database that this build cannot bring up to date.
async fn refuse_other_versions(
    connection: &mut PgConnection,
    logins: &[Login],
) -> Result<(), SchemaError> {
    let mut newer = None;
    for service in logins.iter().map(|login| login.service) {
        for (migrator, table) in sets(service) {
            let table = format!("{}.{table}", service.schema());
            let applied = history::read_if_any(connection, &table).await?;
            match history::foreign(&applied, migrator) {
                Some(Foreign::Unreleased) => return Err(SchemaError::Unreleased),
                Some(Foreign::Newer(version)) => {
                    newer.get_or_insert(SchemaError::Newer { service, version });
                }
                None => {}
            }
        }
    }
    newer.map_or(Ok(()), Err)
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
        // The server is sent what it would make of the password and keep (SCRAM-SHA-256, RFC 5803), never the
        // password: a statement can end in the server's log. ALTER ROLE takes no parameters; the verifier has
        // only letters, digits and `$:+/=-`.
        let verifier = postgres_protocol::password::scram_sha_256(password.as_bytes());
        let statement = format!("ALTER ROLE {role} LOGIN PASSWORD '{verifier}'");
        alter_role(connection, &statement).await?;
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

/// Alters a role, again if another database of the server was brought up to date meanwhile: PostgreSQL does not
/// wait for whoever else alters the role, but fails ("tuple concurrently updated", an `internal_error`).
async fn alter_role(connection: &mut PgConnection, statement: &str) -> Result<(), sqlx::Error> {
    let mut tries = 0;
    loop {
        let altered = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&mut *connection);
        let Err(error) = altered.await else { return Ok(()) };
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        tries += 1;
        if code.as_deref() != Some("XX000") || tries == ROLE_TRIES {
            return Err(error);
        }
    }
}

/// Whether the schema of a service is as this build needs it: every migration that it knows ran, with
/// the text that it knows. A newer build's may have run too. `connection` may be the service's own.
///
/// # Errors
/// When the database does not answer, or the schema is not there at all.
pub async fn is_current(
    connection: &mut PgConnection,
    service: Service,
) -> Result<bool, sqlx::Error> {
    for (migrator, table) in sets(service) {
        let table = format!("{}.{table}", service.schema());
        let applied = history::read(connection, &table).await?;
        if !history::has_all(&applied, migrator) {
            return Ok(false);
        }
    }
    Ok(true)
}
