//! The words of the pages: a method a message, made of `locales/` when the crate is built.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

#[allow(
    dead_code,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    missing_docs,
    unreachable_pub,
    reason = "made by fluent-typed"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/texts.rs"));
}

use self::generated::L10n;
pub(crate) use self::generated::L10nLanguage as Texts;

/// The languages that pages are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    French,
}

impl Language {
    /// All of them, as they are offered.
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::French];

    /// Its BCP 47 tag.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }

    /// The language with this tag.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The best of them for `Accept-Language` (RFC 9110 section 12.5.4); English, where none fits.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let wished = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        match L10n::langneg(wished.unwrap_or_default()) {
            L10n::En => Self::English,
            L10n::Fr => Self::French,
        }
    }

    /// Its words.
    pub(crate) fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::French => &FRENCH,
        }
    }

    /// What it calls itself.
    pub(crate) fn name(self) -> String {
        self.texts().language_name()
    }
}

static ENGLISH: LazyLock<Texts> = LazyLock::new(|| L10n::En.load());
static FRENCH: LazyLock<Texts> = LazyLock::new(|| L10n::Fr.load());

#[cfg(test)]
mod tests {
    /// French counts nothing as one (CLDR): a text for `one` is one for 0 as well, and so has the number in it.
    #[test]
    fn no_french_text_says_one_where_there_is_none() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/locales/fr");
        let mut checked = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let mut counted = String::new();
            for line in std::fs::read_to_string(&path).unwrap().lines() {
                if let Some((before, _)) = line.split_once(" ->") {
                    counted = before.rsplit('{').next().unwrap().trim().to_owned();
                }
                if line.trim_start().starts_with("[one]") {
                    assert!(line.contains(&counted), "{}: {line}", path.display());
                    checked += 1;
                }
            }
        }
        assert!(checked > 10, "{checked}");
    }
}
