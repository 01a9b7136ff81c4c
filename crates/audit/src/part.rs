//! Parts: what is kept beside an event, bound to it by a salted commitment, and can be erased.

use contract::{Commitment, Envelope, Sealed};

/// Which part of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// From where it was done: personal data, for operators and whoever did it.
    Context,
    /// What people typed, for whoever may see the event.
    Details,
}

impl Part {
    /// Both of them.
    pub(crate) const ALL: [Self; 2] = [Self::Context, Self::Details];

    /// Its name, here and in the database.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Details => "details",
        }
    }

    /// What an event commits to, if it has such a part.
    pub(crate) fn commitment(self, event: &Envelope) -> Option<Commitment> {
        match self {
            Self::Context => event.contexthash,
            Self::Details => event.detailshash,
        }
    }
}

/// The same for each part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parts<T> {
    pub(crate) context: T,
    pub(crate) details: T,
}

impl<T> Parts<T> {
    /// What is made for each.
    pub(crate) fn each(mut make: impl FnMut(Part) -> T) -> Self {
        Self { context: make(Part::Context), details: make(Part::Details) }
    }

    /// That of this part.
    pub(crate) fn of(&self, part: Part) -> &T {
        match part {
            Part::Context => &self.context,
            Part::Details => &self.details,
        }
    }

    /// The same, to be changed.
    pub(crate) fn of_mut(&mut self, part: Part) -> &mut T {
        match part {
            Part::Context => &mut self.context,
            Part::Details => &mut self.details,
        }
    }
}

/// What is known of a part of an event that is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PartState {
    /// The event has no such part, or its producer has it no more.
    Absent,
    /// The event commits to it, and it has not come: a producer's answer has no parts.
    Awaited(Commitment),
    /// It came, and the event commits to it.
    Delivered(Sealed),
}

/// A part that does not belong to the event it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MismatchedPart {
    pub(crate) part: Part,
    pub(crate) sealed: Sealed,
}
