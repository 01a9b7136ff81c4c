//! Errors of the database and of the event store as problems.

use eventstore::AppendError;
use eventstore::availability;
use eventstore::group_commit::Uncommitted;
use eventstore::group_lookup::LookupError;
use eventstore::manifests::ManifestError;

use super::Problem;

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::from(&error)
    }
}

impl From<&sqlx::Error> for Problem {
    /// What is wrong with the database rather than with what was asked for is 503: no connection to be had, a
    /// server that takes no changes or has no room left. All else is our mistake. Violated constraints with
    /// a meaning are the store's to recognise before they get here.
    fn from(error: &sqlx::Error) -> Self {
        availability::notice(error);
        match error {
            error if availability::is_unavailable(error) => {
                tracing::warn!(%error, "the database is unavailable");
                Self::unavailable("unavailable", "The database cannot do it at the moment.")
            }
            error if is_impossible_value(error) => {
                tracing::warn!(%error, "a value reached the database that it cannot hold");
                Self::unprocessable(
                    "invalid-request",
                    "A value of the request is outside of what can be stored or compared.",
                )
            }
            error => Self::internal(error),
        }
    }
}

/// Whether PostgreSQL refused a value for what it is (SQLSTATE class 22): out of range, a time before
/// there were times, a character it does not have. Parsers at the edge refuse these and name the
/// field; this is the net below them, because such a value is the caller's in any case.
fn is_impossible_value(error: &sqlx::Error) -> bool {
    const CODES: [&str; 4] = ["22003", "22008", "22021", "22P05"];
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| CODES.contains(&&*code))
}

impl From<AppendError> for Problem {
    fn from(error: AppendError) -> Self {
        Self::from(&error)
    }
}

impl From<ManifestError> for Problem {
    fn from(error: ManifestError) -> Self {
        match error {
            ManifestError::Append(error) => error.into(),
            ManifestError::Database(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<Uncommitted> for Problem {
    fn from(error: Uncommitted) -> Self {
        match error {
            Uncommitted::Failed(error) => Self::from(&*error),
            Uncommitted::Stopping(_) => Self::unavailable("unavailable", "The service is ending."),
        }
    }
}

impl From<LookupError> for Problem {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Database(error) => Self::from(&*error),
            LookupError::Stopping(_) => Self::unavailable("unavailable", "The service is ending."),
        }
    }
}

impl From<&AppendError> for Problem {
    fn from(error: &AppendError) -> Self {
        match error {
            AppendError::Conflict => Self::conflict(
                "changed-meanwhile",
                "Someone else changed it at the same time. Read it again.",
            ),
            AppendError::AlreadyHandled => Self::conflict(
                "idempotency-key-in-use",
                "A request with this Idempotency-Key is being or has been carried out. Repeat it for its answer.",
            ),
            AppendError::Database(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_breaks_off_is_unavailable() {
        let broken = sqlx::Error::Protocol("unexpected response from SSLRequest: 0x00".into());
        assert_eq!(Problem::from(broken).status().as_u16(), 503);
    }
}
