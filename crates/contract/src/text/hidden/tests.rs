use proptest::prelude::*;

use super::*;

fn hides(text: &str) -> String {
    hidden(text).map(|(_, character)| character).collect()
}

#[test]
fn what_cannot_be_seen_is_hidden() {
    for character in [
        '\0',
        '\u{7}',
        '\u{7F}',
        '\u{85}', // controls
        '\u{AD}',
        '\u{34F}',
        '\u{200B}',
        '\u{2060}',
        '\u{FEFF}',
        '\u{180E}', // no width
        '\u{115F}',
        '\u{1160}',
        '\u{3164}',
        '\u{FFA0}',
        '\u{17B4}', // fillers
        '\u{61C}',
        '\u{200E}',
        '\u{200F}',
        '\u{202E}',
        '\u{2066}',
        '\u{2069}', // direction
        '\u{2028}',
        '\u{2029}',
        '\u{2064}',
        '\u{206F}',
        '\u{1D173}',
        '\u{1BCA0}',
        '\u{FE00}',
        '\u{FE0F}',
        '\u{E0100}',
        '\u{E0001}',
        '\u{E0041}',
        '\u{E007F}',
        '\u{200C}',
        '\u{200D}',
        '\u{FFF9}',
        '\u{FFFC}',
        '\u{FFFE}',
        '\u{FDD0}',
        '\u{10FFFF}', // noncharacters
    ] {
        assert!(is_invisible(character), "{character:?}");
        assert_eq!(hides(&format!("Shelf{character}Optimizer")), character.to_string());
        assert_eq!(hides(&character.to_string()), character.to_string());
        assert!(!shows_something(&format!(" {character}")), "{character:?}");
    }
}

#[test]
fn what_scripts_need_stays() {
    for text in [
        "کتاب\u{200C}خانه",         // Persian: library
        "جزء\u{200C}ها",            // after a letter that never joins
        "PDF\u{200C}ها",            // a Persian plural of a foreign word
        "۲۰\u{200C}ساله",           // twenty years old
        "مُ\u{200C}ها",              // after a vowel mark
        "ه\u{200D}.ش",              // an abbreviation: the form within a word
        "क\u{94D}\u{200D}ष",        // Devanagari: half form
        "क\u{94D}\u{200C}ष",        // Devanagari: visible virama
        "র\u{200D}\u{9CD}য",        // Bengali: ra and ya-phalaa
        "ශ\u{DCA}\u{200D}රී",        // Sinhala: Sri
        "ಕ\u{CCD}\u{200C}",         // Kannada: at the end
        "ភាសា\u{200B}ខ្មែរ",          // Khmer: two words
        "葛\u{E0100}城",            // Japanese: a variant of an ideograph
        "\u{1820}\u{180B}\u{1820}", // Mongolian
        "ᠪᠠᠶ\u{180E}ᠠ",
        "שָׁלוֹם",
        "ไทย",
        "한국어",
        "Büro 店",
        "e\u{301}",
        "Ünï",
        "\u{600}١", // without any
    ] {
        assert_eq!(hides(text), "", "{text:?}");
        assert!(shows_something(text), "{text:?}");
    }
}

#[test]
fn what_emoji_need_stays() {
    for text in [
        "👩\u{200D}💻",
        "👨\u{200D}👩\u{200D}👧\u{200D}👦",
        "👩🏽\u{200D}🚀",
        "👩\u{200D}❤\u{FE0F}\u{200D}💋\u{200D}👨",
        "🏳\u{FE0F}\u{200D}🌈",
        "👨\u{200D}🦰",
        "🐻\u{200D}❄\u{FE0F}",
        "☕\u{FE0F}",
        "©\u{FE0E}",
        "1\u{FE0F}\u{20E3} #\u{FE0F}\u{20E3}",
        "🇫🇷🇩🇪",
        "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
    ] {
        assert_eq!(hides(text), "", "{text:?}");
        assert!(shows_something(text), "{text:?}");
    }
}

#[test]
fn what_is_needed_elsewhere_is_hidden_here() {
    for (text, found) in [
        ("a\u{200C}b", "\u{200C}"),
        ("a\u{200D}b", "\u{200D}"),
        ("\u{200D}کتاب", "\u{200D}"),
        ("کتاب\u{200C}", "\u{200C}"),
        ("کتاب\u{200C}\u{200C}خانه", "\u{200C}\u{200C}"),
        ("کتاب \u{200C}خانه", "\u{200C}"),
        ("👩\u{200D}", "\u{200D}"),
        ("👩\u{200D}a", "\u{200D}"),
        ("1\u{FE0F}", "\u{FE0F}"),
        ("a\u{FE0F}", "\u{FE0F}"),
        ("☕\u{FE0F}\u{FE0F}", "\u{FE0F}"),
        ("葛\u{E0100}\u{E0101}", "\u{E0101}"),
        ("葛\u{FE0F}", "\u{FE0F}"),
        ("🏴\u{E0067}\u{E0062}", "\u{E0067}\u{E0062}"),
        ("👩\u{E0067}\u{E0062}\u{E0073}\u{E007F}", "\u{E0067}\u{E0062}\u{E0073}\u{E007F}"),
        ("\u{200B}ខ្មែរ", "\u{200B}"),
        ("a\u{200B}b", "\u{200B}"),
    ] {
        assert_eq!(hides(text), found, "{text:?}");
    }
}

#[test]
fn a_hidden_character_is_found_at_its_byte() {
    assert_eq!(hidden("ü\u{2060}x").collect::<Vec<_>>(), [(2, '\u{2060}')]);
}

#[test]
fn blanks_and_lone_marks_show_nothing() {
    for text in ["", " \u{3000}\u{A0}", "\u{2800}", "\u{301}", "\u{1D159}", "\u{16FE4}"] {
        assert!(!shows_something(text), "{text:?}");
    }
    assert!(shows_something("\u{2800}a") && shows_something("…") && shows_something("🙂"));
}

proptest! {
    /// What is found is invisible and where it is said to be, and without it nothing more is hidden in plain text.
    #[test]
    fn only_what_is_invisible_is_hidden(text in any::<String>()) {
        for (at, character) in hidden(&text) {
            prop_assert!(is_invisible(character));
            prop_assert!(text[at..].starts_with(character));
        }
        let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        prop_assert_eq!(hidden(&visible).count(), 0);
    }
}
