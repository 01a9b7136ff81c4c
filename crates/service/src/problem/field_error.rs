//! What is wrong with a field of a request: a code with parameters for programs, a sentence for people.

use std::borrow::Cow;
use std::collections::BTreeMap;

use contract::text::UnfitText;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field, as a path into the body such as `domains[0].level`, or a query parameter.
    pub field: String,
    /// What is wrong with it.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What can be wrong with a field, for whoever words it, whichever field it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// What is wrong: decide by this.
    pub code: FaultCode,
    /// The same as a sentence for people. It may change.
    pub message: Cow<'static, str>,
    /// What the code speaks of, such as `max`: the description of the code has the names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false, value_type = BTreeMap<String, Value>)]
    pub parameters: BTreeMap<&'static str, Value>,
}

/// What can be wrong with a field. The list grows: an unknown code is to be shown by its `message`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// It is missing, or empty.
    Required,
    /// There is no such field.
    Unknown,
    /// It is there more than once, or says the same twice.
    Repeated,
    /// It is of another JSON type.
    WrongType,
    /// It is not written as such things are.
    WrongFormat,
    /// It is none of the values that there are: `expected`, where they are few, or the `nearest` of very many.
    NotOneOf,
    /// It has more characters than `max` (bytes where `unit` says so).
    TooLong,
    /// It has fewer characters than `min`.
    TooShort,
    /// It has more than `max` entries.
    TooMany,
    /// It is outside `min` to `max`, of which one can be missing.
    OutOfRange,
    /// It has characters that cannot be seen, or that are not allowed here.
    ForbiddenCharacters,
    /// What it names is not there, or not for the caller.
    NotFound,
    /// The caller may not, or not with the other fields as they are.
    NotAllowed,
    /// It can no longer be anything but `value`.
    Fixed,
    /// The domain `domain` at `level` is on request, and not enabled for the organization.
    NotEnabled,
    /// The domain `domain` at `level` cannot be combined with `exclusive_domain` at `exclusive_level`.
    Excluded,
    /// It is as it was, and has to be another.
    Unchanged,
    /// It is not the right one.
    Wrong,
}

impl Fault {
    /// This is wrong.
    pub fn new(code: FaultCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), parameters: BTreeMap::new() }
    }

    /// With what the code speaks of.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name, value.into());
        self
    }

    /// It is missing.
    pub fn required() -> Self {
        Self::new(FaultCode::Required, "is required")
    }

    /// It has more characters than this.
    pub fn too_long(max: usize) -> Self {
        Self::new(FaultCode::TooLong, format!("has more than {max} characters")).with("max", max)
    }

    /// It has more entries than this.
    pub fn too_many(max: usize) -> Self {
        Self::new(FaultCode::TooMany, format!("has more than {max} entries")).with("max", max)
    }

    /// It is no whole number from the one to the other.
    pub fn out_of_range(min: i64, max: i64) -> Self {
        let message = format!("must be a whole number from {min} to {max}");
        Self::new(FaultCode::OutOfRange, message).with("min", min).with("max", max)
    }

    /// It is no cursor of this list's.
    pub fn bad_cursor() -> Self {
        Self::new(FaultCode::WrongFormat, "is not one that this list gave out")
    }
}

impl From<UnfitText> for Fault {
    fn from(unfit: UnfitText) -> Self {
        match unfit {
            UnfitText::Empty => Self::required(),
            UnfitText::TooLong { limit } => Self::too_long(limit),
            UnfitText::Hidden(_) | UnfitText::NothingVisible => {
                Self::new(FaultCode::ForbiddenCharacters, unfit.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fault_is_a_code_with_what_it_speaks_of_beside_its_sentence() {
        let error = FieldError { field: "name".to_owned(), fault: Fault::too_long(100) };
        assert_eq!(
            json!(error),
            json!({"field": "name", "code": "too_long", "message": "has more than 100 characters",
                   "parameters": {"max": 100}})
        );
        assert_eq!(json!(Fault::required()), json!({"code": "required", "message": "is required"}));
    }
}
