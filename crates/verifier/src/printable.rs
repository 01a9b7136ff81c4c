//! Text that others chose (what a log says, a server's errors, names, paths) as it is printed to a terminal: nothing of it
//! commands the terminal, ends a line, or turns the order of what is read (Unicode UAX #9, Trojan Source).

use std::fmt::Write as _;

/// So many characters of a text are printed at most, which is as long as a key can be: an entry has up to 65,535, and an
/// answer of a server millions.
const LONGEST: usize = 8_192;

/// The text in one line, cut to what can be read, with the characters written out that are no letters of a text.
pub(crate) fn printable(text: &str) -> String {
    cut(text, LONGEST)
}

/// The same, of so many characters at most.
pub(crate) fn cut(text: &str, longest: usize) -> String {
    let mut printable = String::new();
    for it in text.chars().take(longest) {
        if commands(it) {
            printable.extend(it.escape_default());
        } else {
            printable.push(it);
        }
    }
    printable
}

/// The same of a JSON document that was written in lines: within its texts, which is where such characters are, they are
/// escaped as JSON does (RFC 8259 section 7).
pub(crate) fn printable_json(document: &str) -> String {
    let mut printable = String::with_capacity(document.len());
    for it in document.chars() {
        if it == '\n' || !commands(it) {
            printable.push(it);
            continue;
        }
        for unit in it.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(printable, "\\u{unit:04x}");
        }
    }
    printable
}

/// Whether a terminal may do something else with it than to show it: control characters of both sets (C0 and C1), ends of
/// lines and paragraphs, marks without a width, and what turns the direction of what follows.
pub(crate) fn commands(it: char) -> bool {
    it.is_control()
        || matches!(
            it,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_written_out_and_letters_of_all_languages_are_not() {
        let text = "\u{1b}]0;x\u{7}\r\n\u{9b}2J \u{202e}evil\u{2066} \u{200b}ü 日本 é";
        assert_eq!(
            printable(text),
            "\\u{1b}]0;x\\u{7}\\r\\n\\u{9b}2J \\u{202e}evil\\u{2066} \\u{200b}ü 日本 é"
        );
        assert_eq!(
            printable(&printable(text)),
            printable(text),
            "what is printable stays as it is"
        );
        assert_eq!(printable(&"x".repeat(1_000_000)).len(), LONGEST);
    }

    #[test]
    fn a_json_document_says_the_same_afterwards() {
        let value =
            serde_json::json!({ "a": "\u{1b}[2J\u{9b}2J\u{7f}\u{202e}ü\u{e0041}\n", "b": [1] });
        let document = serde_json::to_string_pretty(&value).unwrap();
        let printed = printable_json(&document);
        assert!(!printed.chars().any(|it| it != '\n' && commands(it)), "{printed:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), value);
    }
}
