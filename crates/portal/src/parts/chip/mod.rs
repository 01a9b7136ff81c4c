//! The record chip: the place of a fact in the log. Nothing else looks like it.

use askama::Template;

use crate::numbers::grouped;
use crate::texts::Texts;
use crate::times::Time;

/// The place of one fact.
#[derive(Template)]
#[template(path = "parts/chip/part.html")]
pub(crate) struct Chip {
    pub(crate) t: &'static Texts,
    /// Its position, from 1 on; `None` until it is recorded, some milliseconds later.
    pub(crate) position: Option<i64>,
    pub(crate) at: Time,
}

impl Chip {
    /// Its position in groups of three, as it is read out, with spaces at which no line breaks.
    fn place(&self) -> Option<String> {
        self.position.map(|position| grouped(position, "\u{a0}"))
    }
}
