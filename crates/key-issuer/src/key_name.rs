//! What developers call a key. Pure.

use contract::text::{UnfitText, line};

/// The name of a key: 1 to 100 characters on one line, none of them hidden (names stand in text files and on
/// terminals).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyName(String);

/// Text that cannot name a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub(crate) struct InvalidKeyName(pub(crate) UnfitText);

impl KeyName {
    /// At most so many characters.
    pub(crate) const LONGEST: usize = 100;

    /// Reads a name, without the spaces around it.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidKeyName> {
        line(text, Self::LONGEST).map(|name| Self(name.to_owned())).map_err(InvalidKeyName)
    }

    /// A name that was checked when it was stored.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_1_to_100_characters_and_fit_on_a_line() {
        assert_eq!(KeyName::parse("  CI \t").unwrap().as_str(), "CI");
        assert!(KeyName::parse(&"ü".repeat(100)).is_ok());
        for (text, why) in [
            ("", UnfitText::Empty),
            ("   ", UnfitText::Empty),
            ("a\nb", UnfitText::Hidden('\n')),
            ("a\r\nb", UnfitText::Hidden('\r')),
            ("a\u{7f}b", UnfitText::Hidden('\u{7f}')),
            (&"x".repeat(101), UnfitText::TooLong { limit: 100 }),
        ] {
            assert_eq!(KeyName::parse(text), Err(InvalidKeyName(why)), "{text:?}");
        }
    }
}
