//! The state of an app: a word and a shape, never a colour alone.

use askama::Template;
use contract::rpc::AppState;

use crate::texts::Texts;

/// An app's state.
#[derive(Template)]
#[template(path = "parts/states/part.html")]
pub(crate) struct StateOf {
    t: &'static Texts,
    state: AppState,
}

impl StateOf {
    pub(crate) const fn new(t: &'static Texts, state: AppState) -> Self {
        Self { t, state }
    }
}
