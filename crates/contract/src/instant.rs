//! Times in requests and sentences: RFC 3339, and nothing else that a library is willing to read. A year of six
//! digits, say, would come back in answers and events that promise RFC 3339.

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer};

/// Text that is no time here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInstant {
    /// It is written otherwise.
    #[error("is not an RFC 3339 time, such as 2026-01-31T08:00:00Z")]
    NotRfc3339,
    /// PostgreSQL has none: it would be kept as another time than was asked for.
    #[error("is in a leap second, which cannot be kept: name the second before it or after it")]
    LeapSecond,
}

/// The time in this text.
///
/// # Errors
/// When it is not RFC 3339, or in a leap second.
pub fn parse(text: &str) -> Result<DateTime<Utc>, InvalidInstant> {
    let time = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidInstant::NotRfc3339)?;
    let time = time.with_timezone(&Utc);
    // An offset can lead past the last year that has four digits.
    if !(0..=9999).contains(&time.year()) {
        return Err(InvalidInstant::NotRfc3339);
    }
    // So chrono tells the second 60 of a minute.
    if time.timestamp_subsec_nanos() >= NANOS_PER_SECOND {
        return Err(InvalidInstant::LeapSecond);
    }
    Ok(time)
}

const NANOS_PER_SECOND: u32 = 1_000_000_000;

/// A time as people read it in a sentence: to the second, in UTC.
pub fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// For a field that may be left out or null: `#[serde(default, deserialize_with = "contract::instant::optional")]`.
///
/// # Errors
/// When there is something else than null or such a time.
pub fn optional<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    Option::<String>::deserialize(deserializer)?
        .map(|text| parse(&text).map_err(serde::de::Error::custom))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_second_is_told_apart_from_what_is_no_time() {
        for text in ["2016-12-31T23:59:60Z", "2017-01-01T00:59:60.5+01:00"] {
            assert_eq!(parse(text), Err(InvalidInstant::LeapSecond), "{text}");
        }
        assert!(parse("2016-12-31T23:59:59.999999999Z").is_ok());
    }

    #[test]
    fn only_rfc_3339_is_a_time() {
        assert!(parse("2026-01-31T08:00:00.5+01:00").is_ok());
        for text in [
            "",
            "2026-01-31",
            "+262142-12-31T23:59:59Z",
            "-0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "1769846400",
        ] {
            assert_eq!(parse(text), Err(InvalidInstant::NotRfc3339), "{text}");
        }
    }
}
