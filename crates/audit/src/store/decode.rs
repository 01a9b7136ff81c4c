//! Columns with a rule, parsed as they are read.

use contract::Service;

/// A service, by its name.
pub(super) fn service(name: &str) -> sqlx::Result<Service> {
    name.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
