//! Text that people read before they decide something.

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
