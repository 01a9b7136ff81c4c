//! The record chip: the place of a fact in the log. Nothing else looks like it. It leads to the proof that the fact is
//! there, a file that anybody can verify.

use askama::Template;
use contract::ids::EventId;

use crate::api::events::RecordedEvent;
use crate::layout::Frame;
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
    /// The event of which there is a proof, once it is recorded.
    pub(crate) event: Option<EventId>,
    pub(crate) at: Time,
}

impl Chip {
    /// The place of an event of the log.
    pub(crate) fn of(frame: &Frame<'_>, item: &RecordedEvent) -> Self {
        let at = frame.time(item.event.time);
        Self { t: frame.t, position: Some(item.position), event: item.event.id, at }
    }

    /// Its position in groups of three, as it is read out, with spaces at which no line breaks.
    fn place(&self) -> Option<String> {
        self.position.map(|position| grouped(position, "\u{a0}"))
    }

    /// The event, where there is a proof of it.
    fn proven(&self) -> Option<EventId> {
        self.position.and(self.event)
    }
}
