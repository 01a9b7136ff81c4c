//! What developers call a key. Pure.

/// The name of a key: 1 to 100 characters, none of them a control character (names stand in text
/// files and on terminals).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyName(String);

/// Text that cannot name a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidKeyName {
    /// Nothing but space.
    #[error("is required")]
    Empty,
    /// Too many characters.
    #[error("has more than {} characters", KeyName::LONGEST)]
    TooLong,
    /// Characters that cannot be seen.
    #[error("has control characters, or characters that change the direction of the text")]
    Invisible,
}

impl KeyName {
    /// At most so many characters.
    pub(crate) const LONGEST: usize = 100;

    /// Reads a name, without the spaces around it.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidKeyName> {
        let name = text.trim();
        if name.is_empty() {
            return Err(InvalidKeyName::Empty);
        }
        if name.chars().count() > Self::LONGEST {
            return Err(InvalidKeyName::TooLong);
        }
        if name.chars().any(contract::text::is_invisible) {
            return Err(InvalidKeyName::Invisible);
        }
        Ok(Self(name.to_owned()))
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
            ("", InvalidKeyName::Empty),
            ("   ", InvalidKeyName::Empty),
            ("a\nb", InvalidKeyName::Invisible),
            ("a\r\nb", InvalidKeyName::Invisible),
            ("a\u{7f}b", InvalidKeyName::Invisible),
            (&"x".repeat(101), InvalidKeyName::TooLong),
        ] {
            assert_eq!(KeyName::parse(text), Err(why), "{text:?}");
        }
    }
}
