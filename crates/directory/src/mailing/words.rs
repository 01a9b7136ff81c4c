//! The words of mails, a file a language. A kind of mail that lacks its words in one of them does not compile.

mod en;
mod fr;

use chrono::{DateTime, Utc};

use crate::language::Language;
use crate::mailing::content::Content;

/// The words of one mail, in the order in which they are read.
pub(crate) struct Words {
    /// What stands above it.
    pub(crate) subject: String,
    /// What comes before the link.
    pub(crate) before: Vec<String>,
    /// What the link does, if there is one.
    pub(crate) action: Option<&'static str>,
    /// What comes after it.
    pub(crate) after: Vec<String>,
}

/// Says this in this language.
pub(crate) fn of(content: &Content, language: Language) -> Words {
    match language {
        Language::En => en::words(content),
        Language::Fr => fr::words(content),
    }
}

/// A time that is read alike everywhere.
fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// The day of it, where that suffices.
fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}
