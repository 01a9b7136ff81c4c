//! A page in one case.

use axum::response::Response;

use crate::gallery::easel::Easel;

type Draw = dyn Fn(&Easel<'_>) -> Response + Send + Sync;

/// A page in one case.
pub(crate) struct Sample {
    pub(super) name: &'static str,
    /// Whether pictures are taken of it in every state.
    pub(super) key: bool,
    pub(super) draw: Box<Draw>,
}

impl Sample {
    /// A page as this draws it.
    pub(crate) fn new(
        name: &'static str,
        draw: impl Fn(&Easel<'_>) -> Response + Send + Sync + 'static,
    ) -> Self {
        Self { name, key: false, draw: Box::new(draw) }
    }

    /// Of which pictures are taken in every state: in French, from right to left, enlarged, printed, …
    pub(crate) fn key(self) -> Self {
        Self { key: true, ..self }
    }
}
