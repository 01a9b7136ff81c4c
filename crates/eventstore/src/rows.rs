//! Row decoding and row counts: what the SQL of every service asks of its rows.

use contract::Version;
use sqlx::postgres::PgQueryResult;

/// The version in a row. The column's CHECK allows no other number than a version's.
///
/// # Errors
/// [`sqlx::Error::Decode`] when the number is none all the same.
pub fn version(number: i64) -> sqlx::Result<Version> {
    Version::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// That a change of a row that was read and locked in the same transaction has changed exactly that row.
///
/// # Errors
/// [`sqlx::Error::RowNotFound`] when it has changed none, or more.
pub fn exactly_one(result: &PgQueryResult) -> sqlx::Result<()> {
    if result.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}
