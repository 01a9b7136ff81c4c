//! A field for a day or a minute, told in UTC.

use askama::Template;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// One moment.
#[derive(Debug, Template)]
#[template(path = "parts/moment/part.html")]
pub(crate) struct Moment<'a> {
    /// Its name in the form, and its id.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) label: String,
    /// What stands beside the label of a field that can be left empty.
    pub(crate) optional: Option<String>,
    pub(crate) hint: String,
    pub(crate) value: &'a str,
    pub(crate) error: Option<&'a str>,
}

/// How exactly it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Day,
    Minute,
}

impl Kind {
    /// The type of the control.
    const fn control(self) -> &'static str {
        match self {
            Self::Day => "date",
            Self::Minute => "datetime-local",
        }
    }

    /// What was typed, in UTC: a day is its beginning.
    pub(crate) fn read(self, typed: &str) -> Option<DateTime<Utc>> {
        let typed = typed.trim();
        let local = match self {
            Self::Day => {
                NaiveDate::parse_from_str(typed, "%Y-%m-%d").ok()?.and_time(NaiveTime::MIN)
            }
            Self::Minute => {
                let minute = NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M");
                minute
                    .or_else(|_| NaiveDateTime::parse_from_str(typed, "%Y-%m-%dT%H:%M:%S"))
                    .ok()?
            }
        };
        Some(local.and_utc())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_sends_is_read_in_utc() {
        let read = |kind: Kind, typed| kind.read(typed).map(|at| at.to_rfc3339());
        assert_eq!(read(Kind::Day, "2027-11-12").as_deref(), Some("2027-11-12T00:00:00+00:00"));
        let minute = Some("2026-11-24T08:00:00+00:00");
        assert_eq!(read(Kind::Minute, "2026-11-24T08:00").as_deref(), minute);
        assert_eq!(read(Kind::Minute, " 2026-11-24T08:00:00 ").as_deref(), minute);
        for typed in ["", "tomorrow", "2027-02-30", "24/11/2026"] {
            assert_eq!((read(Kind::Day, typed), read(Kind::Minute, typed)), (None, None));
        }
    }
}
