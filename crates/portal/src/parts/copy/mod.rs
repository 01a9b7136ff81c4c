//! A value to take along: a real read-only input, with a button to copy it where the clipboard works.

use askama::Template;

use crate::texts::Texts;

/// One value.
#[derive(Template)]
#[template(path = "parts/copy/part.html")]
pub(crate) struct Copy<'a> {
    pub(crate) t: &'static Texts,
    /// The input's id.
    pub(crate) id: &'static str,
    pub(crate) label: String,
    pub(crate) hint: Option<String>,
    pub(crate) value: &'a str,
}
