//! The profile OpaqueString of PRECIS (RFC 8265, section 4.2): one password, however a device writes it.
//!
//! A Mac writes `ü` as two characters where others write one, and some keyboards have spaces of their own.

use std::borrow::Cow;

use contract::text::{hidden, is_invisible};
use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, HangulSyllableType};

/// The form in which passwords are hashed: every space is U+0020, and the rest in Unicode's normal form C. Case
/// and width are kept.
pub(super) fn normal(typed: &str) -> Cow<'_, str> {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    if typed.chars().any(is_other_space) {
        let spaced: String =
            typed.chars().map(|c| if is_other_space(c) { ' ' } else { c }).collect();
        Cow::Owned(nfc.normalize(&spaced).into_owned())
    } else {
        nfc.normalize(typed)
    }
}

/// Whether a password in that form has only what the string class FreeformClass allows (RFC 8264, section 4.3):
/// controls, characters that cannot be seen, and those that Unicode has not assigned are seldom typed on purpose,
/// and not the same everywhere. What scripts and emoji need is allowed by [`hidden`], which is wider than the
/// contextual rules of RFC 5892.
pub(super) fn is_allowed(normal: &str) -> bool {
    hidden(normal).next().is_none() && !normal.chars().any(is_disallowed)
}

fn is_other_space(character: char) -> bool {
    !character.is_ascii() && category(character) == GeneralCategory::SpaceSeparator
}

fn is_disallowed(character: char) -> bool {
    use GeneralCategory::{Format, PrivateUse, Surrogate, Unassigned};
    let category = category(character);
    // Parts of Korean syllables that are left after they were put together: old ones.
    let syllable = CodePointMapData::<HangulSyllableType>::new().get(character);
    let part = [
        HangulSyllableType::LeadingJamo,
        HangulSyllableType::VowelJamo,
        HangulSyllableType::TrailingJamo,
    ];
    matches!(category, PrivateUse | Surrogate | Unassigned)
        || category == Format && !is_invisible(character)
        || part.contains(&syllable)
}

fn category(character: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of RFC 8265, section 4.3, and what devices write.
    #[test]
    fn one_password_has_one_form() {
        for (typed, kept) in [
            ("correct horse battery staple", "correct horse battery staple"),
            ("Correct Horse Battery Staple", "Correct Horse Battery Staple"),
            ("\u{3C0}\u{DF}\u{E5}", "\u{3C0}\u{DF}\u{E5}"),
            ("Jack of \u{2666}s", "Jack of \u{2666}s"),
            ("foo\u{1680}bar\u{A0}baz\u{3000}", "foo bar baz "),
            ("u\u{308}ber", "\u{FC}ber"),
            ("\u{1112}\u{1161}\u{11AB}", "\u{D55C}"),
            ("\u{212B}", "\u{C5}"),
            ("\u{FF21}\u{FB01}", "\u{FF21}\u{FB01}"),
        ] {
            assert_eq!(normal(typed), kept, "{typed:?}");
            assert!(is_allowed(&normal(typed)), "{typed:?}");
        }
    }

    #[test]
    fn what_is_seldom_typed_on_purpose_is_not_allowed() {
        for text in
            ["my cat is a \tby", "a\0b", "\u{200B}", "\u{1112}", "\u{E000}", "\u{378}", "\u{600}"]
        {
            assert!(!is_allowed(&normal(text)), "{text:?}");
        }
        assert!(is_allowed("👩\u{200D}💻 کتاب\u{200C}خانه"));
    }

    proptest! {
        #[test]
        fn the_form_is_its_own(text in any::<String>()) {
            let once = normal(&text).into_owned();
            prop_assert_eq!(normal(&once), once.as_str());
        }
    }
}
