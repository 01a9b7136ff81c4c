//! `cargo xtask sqlx`: the data that sqlx's macros check queries against when there is no
//! database, in `.sqlx/`.
//!
//! The macros write it when they are expanded with a database at hand. So the crates that use
//! them are compiled once more, against a database with all migrations.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use anyhow::{Context as _, ensure};
use contract::Service;
use local_servers::{Postgres, testing};
use schema::Login;
use sqlx::{Connection as _, PgConnection};

use crate::{
    committed::{Comparison, is_json, read},
    packages::{Package, packages},
    process::{cargo, root, run as run_command, target},
};

pub(crate) async fn run(check: bool) -> anyhow::Result<()> {
    let mut postgres = Postgres::start(testing::cluster_options()?).await?;
    // In the build's folder, as the macros move files from here, which needs the same disk.
    let unfinished = target("sqlx-tmp");
    let prepared = target("sqlx-prepared");
    if prepared.exists() {
        fs::remove_dir_all(&prepared)?;
    }
    fs::create_dir_all(&unfinished)?;
    fs::create_dir_all(&prepared)?;

    create_schemas(postgres.admin_url()).await?;
    expand_again()?;
    run_command(
        cargo(&["check", "--workspace", "--all-targets"])
            .env("DATABASE_URL", postgres.admin_url())
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", &prepared)
            .env("SQLX_TMP", &unfinished),
    )?;
    postgres.stop().await?;

    let is_query = |name: &str| name.starts_with("query-") && is_json(name);
    let made = read(&prepared, is_query)?;
    ensure!(!made.is_empty(), "no query was found");
    let folder = root().join(".sqlx");
    Comparison { committed: read(&folder, is_query)?, made, folder, command: "cargo xtask sqlx" }
        .settle(check)
}

/// All schemas, as the migrations make them. The event tables' queries name no schema: any
/// service's will do to check them, and so will the key issuer's table of mails to be asked for.
async fn create_schemas(url: &str) -> anyhow::Result<()> {
    let logins = Service::ALL.map(|service| Login { service, password: None });
    schema::migrate(url, &logins).await?;
    let mut database = PgConnection::connect(url).await?;
    sqlx::query("ALTER DATABASE postgres SET search_path = directory, key_issuer")
        .execute(&mut database)
        .await?;
    database.close().await?;
    Ok(())
}

/// Makes cargo compile the crates that may use the macros, whether their source changed or not:
/// it is the database that may have.
fn expand_again() -> anyhow::Result<()> {
    let uses_sqlx = |package: &Package| {
        let own = ["xtask", "local-servers"];
        !own.contains(&package.name.as_str()) && package.dependencies.iter().any(|it| it == "sqlx")
    };
    for target in packages()?.iter().filter(|it| uses_sqlx(it)).flat_map(|it| &it.targets) {
        touch(target).with_context(|| target.display().to_string())?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file's time is the file system's, not the domain's"
)]
fn touch(path: &PathBuf) -> std::io::Result<()> {
    File::options().append(true).open(path)?.set_modified(std::time::SystemTime::now())
}
