//! Text that people type, and that others read before they decide something.
//!
//! [`line()`] and [`lines`] read names and descriptions. What they refuse is decided by [`hidden`].

use std::borrow::Cow;

mod hidden;

use hidden::shows_something;
pub use hidden::{hidden, is_invisible};

/// Text that can be no name or description.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnfitText {
    /// Nothing but space.
    #[error("is required")]
    Empty,
    /// Too many characters (Unicode code points, as PostgreSQL counts them).
    #[error("has more than {limit} characters")]
    TooLong {
        /// How many it may have.
        limit: usize,
    },
    /// A character that cannot be seen, or that changes how the others are read.
    #[error(
        "has a character that cannot be seen or changes the direction of the text: U+{:04X}",
        u32::from(*.0)
    )]
    Hidden(char),
    /// There are characters, and none that can be seen.
    #[error("has no character that can be seen")]
    NothingVisible,
}

/// Reads a text of one line, such as a name: 1 to `limit` characters without the space around them, none of them
/// [`hidden`] and at least one of them visible.
pub fn line(text: &str, limit: usize) -> Result<&str, UnfitText> {
    let text = text.trim();
    if text.is_empty() {
        return Err(UnfitText::Empty);
    }
    check(text, limit, &[])?;
    Ok(text)
}

/// Reads a text that may have several lines, such as a description: at most `limit` characters without the space
/// around them. Its lines end with line feeds whatever was typed, and count one character each; tabs may stand in
/// it. An empty text is none.
pub fn lines(text: &str, limit: usize) -> Result<Option<String>, UnfitText> {
    let text = with_line_feeds(text);
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    check(text, limit, &['\n', '\t'])?;
    Ok(Some(text.to_owned()))
}

fn check(text: &str, limit: usize, allowed: &[char]) -> Result<(), UnfitText> {
    if text.chars().count() > limit {
        return Err(UnfitText::TooLong { limit });
    }
    if let Some((_, hides)) = hidden(text).find(|(_, character)| !allowed.contains(character)) {
        return Err(UnfitText::Hidden(hides));
    }
    if shows_something(text) { Ok(()) } else { Err(UnfitText::NothingVisible) }
}

/// The text with its lines ended by line feeds. Forms send CR LF (HTML Standard, section 4.10.21.4), old systems CR:
/// the same text has to be the same characters, and as many, wherever it was typed.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_kept_without_the_space_around_it() {
        assert_eq!(line("  Shelf Optimizer \n", 100), Ok("Shelf Optimizer"));
        assert_eq!(line(" \u{3000}\t", 100), Err(UnfitText::Empty));
    }

    #[test]
    fn a_text_is_counted_in_characters_not_bytes() {
        assert!(line(&"ü".repeat(100), 100).is_ok());
        assert_eq!(line(&"ü".repeat(101), 100), Err(UnfitText::TooLong { limit: 100 }));
        assert!(matches!(lines(&"é".repeat(256), 255), Err(UnfitText::TooLong { limit: 255 })));
    }

    #[test]
    fn every_line_end_is_a_line_feed_and_one_character() {
        for (typed, kept) in [
            ("a\r\nb", "a\nb"),
            ("a\rb", "a\nb"),
            ("a\nb", "a\nb"),
            ("a\r\r\n\nb", "a\n\n\nb"),
            ("a\tb\r\n", "a\tb"),
            ("ab", "ab"),
        ] {
            assert_eq!(lines(typed, kept.len()).unwrap().as_deref(), Some(kept), "{typed:?}");
            assert!(lines(&format!("{typed}x"), kept.len()).is_err(), "{typed:?}");
        }
        assert_eq!(lines(" \r\n ", 9), Ok(None));
        assert_eq!(lines("a\u{b}b", 9), Err(UnfitText::Hidden('\u{b}')));
    }

    #[test]
    fn a_line_is_one_line() {
        for (text, hides) in
            [("a\nb", '\n'), ("a\r\nb", '\r'), ("a\tb", '\t'), ("a\u{2028}b", '\u{2028}')]
        {
            assert_eq!(line(text, 9), Err(UnfitText::Hidden(hides)), "{text:?}");
        }
    }

    #[test]
    fn what_hides_is_named() {
        let refused = line("Shelf\u{2060}Optimizer", 100).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "has a character that cannot be seen or changes the direction of the text: U+2060"
        );
        // A blank of Braille, and an accent on nothing.
        assert_eq!(line("\u{2800}", 9), Err(UnfitText::NothingVisible));
        assert_eq!(lines("\u{301}", 9), Err(UnfitText::NothingVisible));
    }

    proptest! {
        /// What was accepted once is accepted again, as it is.
        #[test]
        fn a_text_is_its_own_normal_form(text in any::<String>()) {
            if let Ok(name) = line(&text, 50) {
                prop_assert_eq!(line(name, 50), Ok(name));
            }
            if let Ok(Some(read)) = lines(&text, 50) {
                prop_assert_eq!(lines(&read, 50), Ok(Some(read.clone())));
            }
        }
    }
}
