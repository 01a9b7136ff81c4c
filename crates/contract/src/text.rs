//! Text that people type, and that others read before they decide something.

use std::borrow::Cow;

/// Whether the character shows nothing of itself, or changes how those around it are shown: control
/// characters, zero-width spaces, marks and overrides of direction, line and paragraph separators. A
/// name with one can look like another name. The joiner U+200D is none of them: emoji and several
/// scripts need it.
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' // widths, marks, separators
            | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') // bidirectional overrides and isolates
}

/// The text with its lines ended by line feeds. Forms send CR LF (HTML Standard, section 4.10.21.4), old systems CR:
/// the same text has to be the same characters, and as many, wherever it was typed.
pub fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_is_a_line_feed() {
        for (typed, kept) in [
            ("a\r\nb", "a\nb"),
            ("a\rb", "a\nb"),
            ("a\nb", "a\nb"),
            ("\r\r\n\n", "\n\n\n"),
            ("ab", "ab"),
        ] {
            assert_eq!(with_line_feeds(typed), kept, "{typed:?}");
        }
    }
}
