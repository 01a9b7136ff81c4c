//! What is wrong with the fields of a form, in the reader's words: the API says it by a code with parameters.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::api::{FieldFault, Refused};
use crate::texts::Texts;

/// The sentences beside the fields of a form, by the field.
#[derive(Debug, Default)]
pub(crate) struct Faults(BTreeMap<String, String>);

impl Faults {
    /// Those of a refusal; none, if it is not about fields.
    pub(crate) fn of(t: &Texts, refused: &Refused) -> Self {
        let mut faults = Self::default();
        for fault in &refused.errors {
            faults.set(&fault.field, sentence(t, fault));
        }
        faults
    }

    /// Those of domains, each by the name of its domain.
    pub(crate) fn of_domains(t: &Texts, refused: &Refused) -> Self {
        let mut faults = Self::default();
        for fault in &refused.errors {
            let domain = fault.parameters.get("domain").and_then(Value::as_str);
            faults.set(domain.unwrap_or(&fault.field), sentence(t, fault));
        }
        faults
    }

    /// Says this of a field, unless something is said of it already.
    pub(crate) fn set(&mut self, field: &str, sentence: String) {
        self.0.entry(field.to_owned()).or_insert(sentence);
    }

    /// The same, with a page's own words for whatever is wrong with a field.
    pub(crate) fn in_words(mut self, field: &str, sentence: String) -> Self {
        if let Some(said) = self.0.get_mut(field) {
            *said = sentence;
        }
        self
    }

    /// Whether nothing is said of any field.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is said of a field.
    pub(crate) fn on(&self, field: &str) -> Option<&str> {
        self.0.get(field).map(String::as_str)
    }
}

/// A code that is not known here yet is something wrong all the same.
fn sentence(t: &Texts, fault: &FieldFault) -> String {
    let number =
        |name: &str| fault.parameters.get(name).and_then(Value::as_u64).unwrap_or_default();
    match fault.code.as_str() {
        "required" => t.fault_required(),
        "too_long" => t.fault_too_long(number("max")),
        "too_short" => t.fault_too_short(number("min")),
        "too_many" => t.fault_too_many(number("max")),
        "wrong_format" => t.fault_wrong_format(),
        "not_one_of" => t.fault_not_one_of(),
        "forbidden_characters" => t.fault_forbidden_characters(),
        "out_of_range" => t.fault_out_of_range(),
        "not_found" => t.fault_not_found(),
        "not_allowed" => t.fault_not_allowed(),
        "fixed" => t.fault_fixed(),
        "not_enabled" => t.fault_not_enabled(),
        "excluded" => t.fault_excluded(),
        "unchanged" => t.fault_unchanged(),
        "repeated" => t.fault_repeated(),
        _ => t.fault_wrong(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::texts::Language;

    #[test]
    fn a_fault_is_told_in_the_readers_words_and_one_that_is_new_is_told_too() {
        let errors = json!([
            { "field": "name", "code": "too_long", "message": "has more than 100 characters", "parameters": { "max": 100 } },
            { "field": "name", "code": "required", "message": "is required" },
            { "field": "color", "code": "not_yet_known", "message": "is new" },
        ]);
        let errors = serde_json::from_value(errors).unwrap();
        let refused = Refused {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "invalid-request".to_owned(),
            retry_after: None,
            errors,
            ..Refused::default()
        };
        // Around what is put in stand marks that keep its direction to itself (Unicode UAX 9).
        let faults = Faults::of(Language::English.texts(), &refused);
        assert_eq!(faults.on("name"), Some("Use at most \u{2068}100\u{2069} characters."));
        assert_eq!(faults.on("color"), Some("This cannot be used."));
        assert_eq!(faults.on("description"), None);
        let french = Faults::of(Language::French.texts(), &refused);
        assert_eq!(french.on("name"), Some("Au plus \u{2068}100\u{2069} caractères."));
    }
}
