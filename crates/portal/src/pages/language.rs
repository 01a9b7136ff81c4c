//! `POST /language`: the language that somebody chose, in a cookie.

use axum::Form;
use axum::response::Response;
use serde::Deserialize;

use crate::cookies;
use crate::respond::{see_other, see_other_with};
use crate::texts::Language;
use crate::then::Then;

/// What was chosen, and where.
#[derive(Debug, Deserialize)]
pub(crate) struct Choice {
    language: String,
    #[serde(default)]
    then: Then,
}

/// Keeps the choice; what is no language of ours changes nothing.
pub(crate) async fn choose(Form(choice): Form<Choice>) -> Response {
    let chosen = Language::of_tag(&choice.language)
        .and_then(|language| cookies::keep_language(language.tag()));
    let then = choice.then.path();
    match chosen {
        Some(cookie) => see_other_with(then, cookie),
        None => see_other(then),
    }
}
