//! The state of anything but an app: a word and a shape, never a colour alone.

use askama::Template;

/// A state.
#[derive(Debug, Template)]
#[template(path = "parts/mark/part.html")]
pub(crate) struct Mark {
    shape: Shape,
    word: String,
}

/// What a state looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It counts, or ended well.
    Full,
    /// Nothing has happened yet.
    Ring,
    /// It is under way.
    Half,
    /// It is about to end.
    Bars,
    /// Somebody ended it, or said no.
    Cross,
    /// It is over.
    Square,
}

impl Mark {
    pub(crate) const fn new(shape: Shape, word: String) -> Self {
        Self { shape, word }
    }
}
