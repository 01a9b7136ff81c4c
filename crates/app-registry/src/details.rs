//! An app's name and description: texts that account owners read before they consent.

use contract::text::{is_invisible, with_line_feeds};

/// An app's name: 1 to 100 characters on one line, without space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppName(String);

/// An app's description: 1 to 255 characters, without space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description(String);

/// Text that can be no name or description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidText {
    /// Nothing but space.
    #[error("must not be empty")]
    Empty,
    /// Too many characters (Unicode code points, as Postgres counts them).
    #[error("has {found} characters; at most {limit} are allowed")]
    TooLong {
        /// How many it has.
        found: usize,
        /// How many it may have.
        limit: usize,
    },
    /// Characters that cannot be seen and change how the others are read.
    #[error("contains control characters or characters that change the direction of the text")]
    Invisible,
}

impl AppName {
    /// How many characters a name may have.
    pub(crate) const LIMIT: usize = 100;

    /// Reads a name, without the space around it.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::Empty);
        }
        check(text, Self::LIMIT, |_| false)?;
        Ok(Self(text.to_owned()))
    }
}

impl Description {
    /// How many characters a description may have.
    pub(crate) const LIMIT: usize = 255;

    /// Reads a description, without the space around it. It may have several lines, which end with line feeds
    /// whatever was typed; an empty one is none.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, InvalidText> {
        let text = with_line_feeds(text);
        let text = text.trim();
        check(text, Self::LIMIT, |character| character == '\n')?;
        Ok((!text.is_empty()).then(|| Self(text.to_owned())))
    }
}

impl From<AppName> for String {
    fn from(name: AppName) -> Self {
        name.0
    }
}

impl From<Description> for String {
    fn from(description: Description) -> Self {
        description.0
    }
}

fn check(text: &str, limit: usize, allowed: fn(char) -> bool) -> Result<(), InvalidText> {
    let found = text.chars().count();
    if found > limit {
        return Err(InvalidText::TooLong { found, limit });
    }
    if text.chars().any(|character| is_invisible(character) && !allowed(character)) {
        return Err(InvalidText::Invisible);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_without_the_space_around_it() {
        let name = AppName::parse("  Shelf Optimizer \n").unwrap();
        assert_eq!(String::from(name), "Shelf Optimizer");
    }

    #[test]
    fn a_name_has_at_least_one_and_at_most_a_hundred_characters() {
        assert_eq!(AppName::parse("   "), Err(InvalidText::Empty));
        assert!(AppName::parse(&"ü".repeat(100)).is_ok());
        assert_eq!(
            AppName::parse(&"ü".repeat(101)),
            Err(InvalidText::TooLong { found: 101, limit: 100 })
        );
    }

    #[test]
    fn a_name_hides_nothing() {
        for name in ["a\0b", "two\nlines", "bell\u{7}", "\u{202E}lanigiro", "zero\u{200B}width"] {
            assert_eq!(AppName::parse(name), Err(InvalidText::Invisible), "{name:?}");
        }
        assert!(AppName::parse("👩\u{200D}💻 Büro 店").is_ok());
    }

    #[test]
    fn a_description_has_lines_and_at_most_255_characters() {
        let description = Description::parse(" One.\nTwo. ").unwrap().unwrap();
        assert_eq!(String::from(description), "One.\nTwo.");
        assert!(Description::parse(&"x".repeat(255)).is_ok());
        assert!(matches!(Description::parse(&"x".repeat(256)), Err(InvalidText::TooLong { .. })));
        assert_eq!(Description::parse("a\u{b}b"), Err(InvalidText::Invisible));
        assert_eq!(Description::parse("  "), Ok(None));
    }

    #[test]
    fn the_line_ends_of_forms_are_line_feeds_and_count_once() {
        let description = Description::parse("One.\r\nTwo.\rThree.\r\n").unwrap().unwrap();
        assert_eq!(String::from(description), "One.\nTwo.\nThree.");
        let lines = "x\r\n".repeat(127);
        assert!(Description::parse(&format!("{lines}x")).is_ok(), "255 characters");
        assert!(Description::parse(&format!("{lines}xy")).is_err());
    }
}
