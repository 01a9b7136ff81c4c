//! Times in requests and sentences: RFC 3339, and nothing else that a library is willing to read. A year of six
//! digits, say, would come back in answers and events that promise RFC 3339.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer};

/// The time, if this is RFC 3339.
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    // An offset can lead past the last year that has four digits.
    (0..=9999).contains(&chrono::Datelike::year(&time)).then_some(time)
}

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
        .map(|text| parse(&text).ok_or_else(wrong))
        .transpose()
}

fn wrong<E: serde::de::Error>() -> E {
    E::custom("is not an RFC 3339 time, such as 2026-01-31T08:00:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rfc_3339_is_a_time() {
        assert!(parse("2026-01-31T08:00:00.5+01:00").is_some());
        for text in [
            "",
            "2026-01-31",
            "+262142-12-31T23:59:59Z",
            "-0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "1769846400",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
