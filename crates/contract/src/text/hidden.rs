//! Characters that cannot be seen (Unicode, sections 5.21 and 23.2; UTS #39).
//!
//! Two names that look alike can differ in them, so that they are refused where people decide by what they
//! read. Some scripts and emoji cannot be written without them: there they stay, next to what needs them.

use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic,
    GeneralCategory, GeneralCategoryGroup, IndicSyllabicCategory, JoiningType, LineBreak,
    NoncharacterCodePoint, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};

const ZERO_WIDTH_SPACE: char = '\u{200B}';
const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
const ZERO_WIDTH_JOINER: char = '\u{200D}';
const TEXT_STYLE: char = '\u{FE0E}';
const EMOJI_STYLE: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';
const BLACK_FLAG: char = '\u{1F3F4}';
const END_OF_TAGS: char = '\u{E007F}';

/// Whether the character shows nothing of itself, or changes how those around it are shown: control characters,
/// default-ignorable code points (zero widths, fillers, marks and overrides of direction, variation selectors,
/// tags), noncharacters, line and paragraph separators, and the marks of annotations and embedded objects.
///
/// Joiners are among them: for text that people read, [`hidden`] knows where they are needed.
pub fn is_invisible(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFC}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || CodePointSetData::new::<NoncharacterCodePoint>().contains(character)
}

/// Whether anything of the text can be seen: a letter, digit, punctuation or symbol that is not blank.
pub(super) fn shows_something(text: &str) -> bool {
    text.chars().any(|character| {
        // Blanks that are letters, marks or symbols by category: of Braille, music, Egyptian and Khitan.
        let blank =
            matches!(character, '\u{2800}' | '\u{1D159}' | '\u{13441}' | '\u{13442}' | '\u{16FE4}');
        !(blank || character.is_whitespace() || is_mark(character) || is_invisible(character))
    })
}

/// The [invisible](is_invisible) characters of the text that nothing around them needs, with the byte at which
/// each begins.
///
/// Needed are: joiners and non-joiners by letters that join, as of Arabic, and by Indic syllables (RFC 5892
/// appendix A, UAX #31 section 2.3); a zero-width space between words of scripts that are written without spaces,
/// as Khmer; variation selectors by ideographs, by Mongolian and its like, and by emoji; joiners and tags within
/// emoji (UTS #51).
pub fn hidden(text: &str) -> impl Iterator<Item = (usize, char)> {
    let characters: Vec<(usize, char)> =
        if text.chars().any(is_invisible) { text.char_indices().collect() } else { Vec::new() };
    let mut flag_until = 0;
    (0..characters.len()).filter_map(move |index| {
        let (at, character) = characters[index];
        if !is_invisible(character) || index < flag_until {
            return None;
        }
        let (before, after) = (&characters[..index], &characters[index + 1..]);
        if let Some(tags) = tags_of_flag(before, &characters[index..]) {
            flag_until = index + tags;
            return None;
        }
        (!is_needed(character, before, after)).then_some((at, character))
    })
}

fn is_needed(character: char, before: &[(usize, char)], after: &[(usize, char)]) -> bool {
    let Some(previous) = before.last().map(|(_, character)| *character) else {
        return false;
    };
    let next = after.first().map(|(_, character)| *character);
    let next_visible = next.filter(|next| !next.is_whitespace() && !is_invisible(*next));
    let base = before.iter().map(|(_, c)| *c).rfind(|c| !is_mark(*c));
    let either_side = |needs: fn(char) -> bool| {
        !previous.is_whitespace()
            && !is_invisible(previous)
            && next_visible.is_some_and(|next| needs(next) || base.is_some_and(needs))
    };
    match character {
        ZERO_WIDTH_NON_JOINER => {
            is_virama(previous)
                || either_side(is_joining)
                || is_indic(previous) && next.is_some_and(is_indic)
        }
        ZERO_WIDTH_JOINER => {
            is_virama(previous)
                // Also at the end: it gives a letter the form that it has within a word.
                || !is_invisible(previous) && base.is_some_and(is_joining)
                || is_indic(previous) && next.is_some_and(is_indic)
                || ends_emoji(before) && next.is_some_and(is_pictograph)
        }
        ZERO_WIDTH_SPACE => either_side(is_unspaced),
        EMOJI_STYLE | TEXT_STYLE => {
            is_pictograph(previous) || is_emoji(previous) && next == Some(KEYCAP)
        }
        // Ideographic variation sequences (UTS #37), and the standardized ones of CJK compatibility ideographs.
        '\u{FE00}'..='\u{FE02}' if is_of(previous, Script::Han) => true,
        '\u{E0100}'..='\u{E01EF}' => is_of(previous, Script::Han),
        '\u{FE00}' => [Script::Myanmar, Script::PhagsPa, Script::Manichaean]
            .iter()
            .any(|script| is_of(previous, *script)),
        '\u{180B}'..='\u{180F}' => !is_invisible(previous) && is_of(previous, Script::Mongolian),
        _ => false,
    }
}

/// How many characters these tags have that make a black flag the one of a region, as of Scotland (UTS #51,
/// section 1.4.9): 3 to 6 letters and digits, and the end.
fn tags_of_flag(before: &[(usize, char)], rest: &[(usize, char)]) -> Option<usize> {
    let letters = rest
        .iter()
        .take_while(|(_, c)| matches!(c, '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}'))
        .count();
    let flag = before.last().is_some_and(|(_, character)| *character == BLACK_FLAG);
    let ended = rest.get(letters).is_some_and(|(_, character)| *character == END_OF_TAGS);
    (flag && (3..=6).contains(&letters) && ended).then_some(letters + 1)
}

/// Whether the characters end with an emoji, which may have a style or a tone of skin.
fn ends_emoji(characters: &[(usize, char)]) -> bool {
    let without = |of: fn(char) -> bool, characters: &'_ [(usize, char)]| match characters {
        [rest @ .., (_, last)] if of(*last) => rest.len(),
        _ => characters.len(),
    };
    let styled = &characters[..without(|c| c == EMOJI_STYLE, characters)];
    let toned =
        &styled[..without(|c| CodePointSetData::new::<EmojiModifier>().contains(c), styled)];
    toned.last().is_some_and(|(_, character)| is_pictograph(*character))
}

fn is_pictograph(character: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(character)
}

fn is_emoji(character: char) -> bool {
    CodePointSetData::new::<Emoji>().contains(character)
}

fn is_mark(character: char) -> bool {
    is_in(character, GeneralCategoryGroup::Mark)
}

fn is_letter(character: char) -> bool {
    is_in(character, GeneralCategoryGroup::Letter)
}

fn is_in(character: char, group: GeneralCategoryGroup) -> bool {
    group.contains(CodePointMapData::<GeneralCategory>::new().get(character))
}

fn is_of(character: char, script: Script) -> bool {
    CodePointMapData::<Script>::new().get(character) == script
}

fn is_virama(character: char) -> bool {
    CodePointMapData::<CanonicalCombiningClass>::new().get(character)
        == CanonicalCombiningClass::Virama
}

/// A letter whose form depends on its neighbours'. Of Arabic also those that never join: words are typed alike
/// whatever they end with.
fn is_joining(character: char) -> bool {
    let kind = CodePointMapData::<JoiningType>::new().get(character);
    is_letter(character)
        && (is_of(character, Script::Arabic)
            || ![JoiningType::NonJoining, JoiningType::Transparent].contains(&kind))
}

/// A letter or mark of a syllable of an Indic script.
fn is_indic(character: char) -> bool {
    let kind = CodePointMapData::<IndicSyllabicCategory>::new().get(character);
    kind != IndicSyllabicCategory::Other && (is_letter(character) || is_mark(character))
}

/// A letter of a script that puts no spaces between words.
fn is_unspaced(character: char) -> bool {
    CodePointMapData::<LineBreak>::new().get(character) == LineBreak::ComplexContext
}

#[cfg(test)]
mod tests;
