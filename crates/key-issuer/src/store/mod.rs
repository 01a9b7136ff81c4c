//! The SQL, over the tables of `migrations/key-issuer`.
//!
//! [`keys`] are read and changed one at a time, [`clients`] are found many at once for the token
//! endpoint, [`apps`] are what the app registry said of them, [`signing_keys`] sign. [`notices`] are what was told
//! before expiries, [`activity`] is what an app's page shows.

pub(crate) mod activity;
pub(crate) mod apps;
pub(crate) mod clients;
pub(crate) mod endings;
pub(crate) mod keys;
pub(crate) mod notices;
pub(crate) mod signing_keys;
pub(crate) mod token_rates;

/// A row that is not what this build writes: its check constraint was changed, or it is newer.
fn unreadable(column: &str, value: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("`{value}` in column {column} is unknown to this build").into())
}
