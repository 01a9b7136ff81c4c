//! The record chip: the place of a fact in the log. Nothing else looks like it.

use askama::Template;

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
    fn place(&self) -> Option<String> {
        self.position.map(Self::grouped)
    }

    /// The position in groups of three, as it is read out.
    fn grouped(position: i64) -> String {
        let digits = position.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                // A space at which no line breaks.
                grouped.push('\u{a0}');
            }
            grouped.push(digit);
        }
        grouped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_in_groups_of_three() {
        assert_eq!(Chip::grouped(7), "7");
        assert_eq!(Chip::grouped(184_201), "184\u{a0}201");
        assert_eq!(Chip::grouped(1_184_201), "1\u{a0}184\u{a0}201");
    }
}
