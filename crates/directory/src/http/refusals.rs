//! How the directory's own refusals are answered.

use service::Problem;

use crate::fields::Invalid;
use crate::membership::LastOwner;
use crate::password::PasswordError;
use crate::person::LastOperator;

/// 422 that names every wrong field.
impl From<Invalid> for Problem {
    fn from(invalid: Invalid) -> Self {
        let problem =
            Self::unprocessable("invalid-request", "Some fields of the request are wrong.");
        invalid
            .0
            .into_iter()
            .fold(problem, |problem, error| problem.with_field(error.field, error.fault))
    }
}

impl From<LastOwner> for Problem {
    fn from(refusal: LastOwner) -> Self {
        Self::conflict("last-owner", refusal.to_string())
    }
}

impl From<LastOperator> for Problem {
    fn from(refusal: LastOperator) -> Self {
        Self::conflict("last-operator", refusal.to_string())
    }
}

/// Passwords that cannot be worked on.
impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::unavailable("busy", "Too many sign in at the moment."),
            error => Self::internal(error),
        }
    }
}
