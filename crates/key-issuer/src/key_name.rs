//! What developers call a key. Pure.

/// The name of a key: 1 to 100 characters, none of them a control character (names stand in text
/// files and on terminals).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyName(String);

/// Text that cannot name a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 100 characters, none of them a control character")]
pub(crate) struct InvalidKeyName;

impl KeyName {
    /// Reads a name, without the spaces around it.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidKeyName> {
        let name = text.trim();
        let length = name.chars().count();
        if !(1..=100).contains(&length) || name.chars().any(contract::text::is_invisible) {
            return Err(InvalidKeyName);
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
        for text in ["", "   ", "a\nb", "a\u{7f}b", &"x".repeat(101)] {
            assert_eq!(KeyName::parse(text), Err(InvalidKeyName), "{text:?}");
        }
    }
}
