//! Columns with a rule, parsed as they are read.

use contract::{Service, Version};

/// A version.
pub(super) fn version(number: i64) -> sqlx::Result<Version> {
    Version::try_from(number).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// A service, by its name.
pub(super) fn service(name: &str) -> sqlx::Result<Service> {
    name.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
