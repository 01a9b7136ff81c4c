//! The texts of an app in a request: all that is wrong is named at once.

use contract::text::UnfitText;
use serde::{Deserialize, Deserializer};
use service::Problem;

use crate::details::{AppName, Description};

/// Reads texts and gathers what is wrong with them.
#[derive(Default)]
pub(super) struct Fields {
    problem: Option<Problem>,
}

impl Fields {
    /// The name, if it can be one.
    pub(super) fn name(&mut self, text: &str) -> Option<AppName> {
        self.keep("name", AppName::parse(text))
    }

    /// The description, if it can be one; none if it is empty.
    pub(super) fn description(&mut self, text: &str) -> Option<Description> {
        self.keep("description", Description::parse(text)).flatten()
    }

    /// Refused, if anything was wrong.
    pub(super) fn check(self) -> Result<(), Problem> {
        self.problem.map_or(Ok(()), Err)
    }

    fn keep<T>(&mut self, field: &str, parsed: Result<T, UnfitText>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(unfit) => {
                self.problem = Some(match self.problem.take() {
                    Some(problem) => problem.with_field(field, unfit),
                    None => Problem::invalid_field(field, unfit),
                });
                None
            }
        }
    }
}

/// A field that may be left out, and when it is there is not null (unless its type says so): a null
/// must not be taken for "leave it as it is".
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_wrong_fields_are_named_at_once() {
        let mut fields = Fields::default();
        assert!(fields.name("").is_none());
        assert!(fields.description(&"x".repeat(256)).is_none());
        let problem = fields.check().unwrap_err();
        let named: Vec<_> = problem.errors().iter().map(|error| error.field.as_str()).collect();
        assert_eq!(named, ["name", "description"]);
    }
}
