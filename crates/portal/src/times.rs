//! Times as pages tell them: absolute, with their zone. The exact time is in the element's attribute as well.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::texts::Language;

const ENGLISH: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const FRENCH: [&str; 12] = [
    "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
    "déc.",
];

/// A moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time {
    at: DateTime<Utc>,
    language: Language,
}

impl Time {
    pub(crate) const fn new(at: DateTime<Utc>, language: Language) -> Self {
        Self { at, language }
    }

    /// `12 Nov 2026`
    pub(crate) fn day(&self) -> String {
        use chrono::Datelike;
        let months = match self.language {
            Language::English => ENGLISH,
            Language::French => FRENCH,
        };
        let month = months[self.at.month0() as usize];
        format!("{} {month} {}", self.at.day(), self.at.year())
    }

    /// `12 Nov 2026, 14:02 UTC`
    pub(crate) fn minute(&self) -> String {
        format!("{}, {} UTC", self.day(), self.at.format("%H:%M"))
    }

    /// The minute as an element, which a script tells in the reader's own zone.
    pub(crate) fn element(&self) -> String {
        format!(
            "<local-time><time datetime=\"{}\">{}</time></local-time>",
            self.exact(),
            self.minute()
        )
    }

    /// The second as an element: what stands in a record.
    pub(crate) fn second_element(&self) -> String {
        format!(
            "<local-time seconds><time datetime=\"{}\">{}, {} UTC</time></local-time>",
            self.exact(),
            self.day(),
            self.at.format("%H:%M:%S")
        )
    }

    /// The day as an element.
    pub(crate) fn day_element(&self) -> String {
        format!(
            "<local-time day><time datetime=\"{}\">{}</time></local-time>",
            self.exact(),
            self.day()
        )
    }

    /// How long ago it was, within a day; else its day.
    pub(crate) fn ago(&self, now: DateTime<Utc>) -> String {
        let (t, ago) = (self.language.texts(), now - self.at);
        match (ago.num_minutes(), ago.num_hours()) {
            (..1, _) => t.ago_now(),
            (minutes, ..1) => t.ago_minutes(minutes),
            (_, hours @ ..24) => t.ago_hours(hours),
            _ => t.ago_day(self.day()),
        }
    }

    /// RFC 3339, for programs.
    pub(crate) fn exact(&self) -> String {
        self.at.to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_told_in_the_readers_words_and_never_in_figures_alone() {
        let at = "2026-08-09T14:02:11Z".parse().unwrap();
        assert_eq!(Time::new(at, Language::English).minute(), "9 Aug 2026, 14:02 UTC");
        assert_eq!(Time::new(at, Language::French).day(), "9 août 2026");
        assert_eq!(Time::new(at, Language::French).exact(), "2026-08-09T14:02:11Z");
    }

    #[test]
    fn what_was_within_a_day_is_told_by_how_long_ago_it_was() {
        let time = Time::new("2026-08-09T14:02:11Z".parse().unwrap(), Language::English);
        // Fluent isolates what it puts in from the direction of the text around it.
        let ago = |now: &str| time.ago(now.parse().unwrap()).replace(['\u{2068}', '\u{2069}'], "");
        assert_eq!(ago("2026-08-09T14:02:11Z"), "just now");
        assert_eq!(ago("2026-08-09T14:01:00Z"), "just now", "clocks differ a little");
        assert_eq!(ago("2026-08-09T14:05:00Z"), "2 min ago");
        assert_eq!(ago("2026-08-09T15:02:10Z"), "59 min ago");
        assert_eq!(ago("2026-08-10T14:02:10Z"), "23 h ago");
        assert_eq!(ago("2026-08-10T14:02:11Z"), "on 9 Aug 2026");
    }
}
