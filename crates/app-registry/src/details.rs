//! An app's name and description: texts that account owners read before they consent.

use contract::text::{self, UnfitText};

/// An app's name: 1 to 100 characters on one line, without space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppName(String);

/// An app's description: 1 to 255 characters, without space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description(String);

impl AppName {
    /// How many characters a name may have.
    pub(crate) const LIMIT: usize = 100;

    /// Reads a name, without the space around it.
    pub(crate) fn parse(text: &str) -> Result<Self, UnfitText> {
        text::line(text, Self::LIMIT).map(|name| Self(name.to_owned()))
    }
}

impl Description {
    /// How many characters a description may have.
    pub(crate) const LIMIT: usize = 255;

    /// Reads a description, without the space around it. It may have several lines; an empty one is none.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, UnfitText> {
        Ok(text::lines(text, Self::LIMIT)?.map(Self))
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
        assert_eq!(AppName::parse("   "), Err(UnfitText::Empty));
        assert!(AppName::parse(&"ü".repeat(100)).is_ok());
        assert_eq!(AppName::parse(&"ü".repeat(101)), Err(UnfitText::TooLong { limit: 100 }));
    }

    #[test]
    fn a_name_hides_nothing() {
        for (name, hides) in
            [("a\0b", '\0'), ("two\nlines", '\n'), ("\u{202E}lanigiro", '\u{202E}')]
        {
            assert_eq!(AppName::parse(name), Err(UnfitText::Hidden(hides)), "{name:?}");
        }
        assert!(AppName::parse("👩\u{200D}💻 Büro 店").is_ok());
    }

    #[test]
    fn a_description_has_lines_and_at_most_255_characters() {
        let description = Description::parse(" One.\nTwo.\tThree. ").unwrap().unwrap();
        assert_eq!(String::from(description), "One.\nTwo.\tThree.");
        let lines = "x\r\n".repeat(127);
        assert!(Description::parse(&format!("{lines}x")).is_ok(), "255 characters");
        assert!(Description::parse(&format!("{lines}xy")).is_err());
        assert_eq!(Description::parse("  "), Ok(None));
    }
}
