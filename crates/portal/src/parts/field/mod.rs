//! A field of a form: label, hint, control, error, in that order and tied to each other.

use askama::Template;

/// One line of text.
#[derive(Debug, Template)]
#[template(path = "parts/field/part.html")]
pub(crate) struct Field<'a> {
    /// Its name in the form, and its id.
    pub(crate) name: &'static str,
    pub(crate) label: String,
    /// What stands beside the label of a field that can be left empty.
    pub(crate) optional: Option<String>,
    pub(crate) hint: Option<String>,
    pub(crate) value: &'a str,
    /// The most characters that the API takes.
    pub(crate) max: u32,
    /// How many lines are drawn: more than one is a text area.
    pub(crate) rows: u32,
    pub(crate) error: Option<&'a str>,
}

impl Field<'_> {
    /// The ids of what describes the control.
    fn described_by(&self) -> Option<String> {
        let hint = self.hint.is_some().then(|| format!("{}-hint", self.name));
        let error = self.error.is_some().then(|| format!("{}-error", self.name));
        let ids: Vec<_> = hint.into_iter().chain(error).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(error: Option<&'static str>, rows: u32) -> String {
        let field = Field {
            name: "name",
            label: "Name".to_owned(),
            optional: None,
            hint: Some("Say what it does.".to_owned()),
            value: "\"><script>",
            max: 100,
            rows,
            error,
        };
        field.render().unwrap()
    }

    #[test]
    fn what_was_typed_is_text_and_nothing_else() {
        for rows in [1, 3] {
            assert!(!field(None, rows).contains("<script>"));
        }
    }

    #[test]
    fn hint_and_error_are_tied_to_the_control() {
        assert!(field(None, 1).contains(r#"aria-describedby="name-hint""#));
        let wrong = field(Some("Fill this in."), 1);
        assert!(wrong.contains(r#"aria-describedby="name-hint name-error""#));
        assert!(wrong.contains(r#"aria-invalid="true""#));
        assert!(wrong.contains(r#"id="name-error""#));
    }
}
