//! Names that can be taken for others: letters of several scripts within one word, of those that share shapes (Unicode
//! UTS 39 section 5.1).

#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
}

/// The scripts that share shapes; other letters look like none of these.
fn script(letter: char) -> Option<Script> {
    match letter {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
            Some(Script::Latin)
        }
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Some(Script::Greek),
        '\u{400}'..='\u{52f}' => Some(Script::Cyrillic),
        _ => None,
    }
}

/// Whether a word of it mixes them.
pub(crate) fn mixes_scripts(name: &str) -> bool {
    name.split(|letter: char| !letter.is_alphanumeric()).any(|word| {
        let mut scripts = word.chars().filter_map(script);
        let first = scripts.next();
        scripts.any(|script| Some(script) != first)
    })
}

#[cfg(test)]
mod tests {
    use super::mixes_scripts;

    #[test]
    fn a_letter_of_another_script_within_a_word_is_noticed() {
        // The second letter is Cyrillic, then the first is Greek.
        for mixed in ["P\u{430}yments", "\u{391}pple"] {
            assert!(mixes_scripts(mixed), "{mixed}");
        }
        for plain in
            ["Payments", "Über Café", "Оплата", "Αθήνα", "Оплата Payments", "株式会社A", "R2-D2"]
        {
            assert!(!mixes_scripts(plain), "{plain}");
        }
    }
}
