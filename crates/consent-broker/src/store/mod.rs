//! The SQL of this service: [`links`], [`grants`], and the [`apps`] whose end both wait for.
//!
//! Not found is `Ok(None)`. Changes are guarded by the state they expect and say whether they took
//! place; the triggers of `migrations/consent-broker` refuse whatever a guard here forgot.

pub mod apps;
pub mod grants;
pub mod links;

use contract::Version;

/// A row that its own CHECK constraints exclude: the schema and this code have come apart.
fn contradiction(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(what.into())
}

fn version(number: i64) -> Result<Version, sqlx::Error> {
    Version::new(number).ok_or_else(|| contradiction("a version is 1 or more"))
}
