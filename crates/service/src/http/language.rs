//! Content negotiation by language: `lang` in the query string, else `Accept-Language` (RFC 9110 section 12.5.4), looked
//! up as RFC 4647 section 3.4 has it.

use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

/// So many languages of a header are looked at.
const MOST_RANGES: usize = 20;

/// Which of the offered languages whoever asks prefers. What they name and is not offered counts as nothing; the first
/// one that is offered is the answer to all who name none.
pub fn preferred_language<'a>(
    lang: Option<&str>,
    headers: &HeaderMap,
    offered: &[&'a str],
) -> &'a str {
    let values = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    let mut ranges: Vec<_> =
        values.flat_map(|value| value.split(',')).take(MOST_RANGES).map(weighted).collect();
    // Stable: of the same weight, the first one counts.
    ranges.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    let accepted = ranges.into_iter().filter(|(_, weight)| *weight > 0).map(|(range, _)| range);
    lang.into_iter()
        .chain(accepted)
        .find_map(|range| look_up(range, offered))
        .or_else(|| offered.first().copied())
        .unwrap_or_default()
}

/// A language range and its weight in thousandths.
fn weighted(element: &str) -> (&str, u16) {
    let (range, parameter) = element.split_once(';').unwrap_or((element, ""));
    let weight = parameter.trim().strip_prefix("q=").map_or(1000, |text| thousandths(text.trim()));
    (range.trim(), weight)
}

/// A weight (RFC 9110 section 12.4.2). What is none weighs nothing.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return 0;
    }
    let fraction = format!("{fraction:0<3}").parse().unwrap_or(0);
    match whole {
        "0" => fraction,
        "1" if fraction == 0 => 1000,
        _ => 0,
    }
}

/// The offered language that is the range, or what is left of it without its last subtags.
fn look_up<'a>(range: &str, offered: &[&'a str]) -> Option<&'a str> {
    if range == "*" {
        return offered.first().copied();
    }
    let mut rest = Some(range);
    while let Some(range) = rest {
        if let Some(found) = offered.iter().find(|tag| tag.eq_ignore_ascii_case(range)) {
            return Some(found);
        }
        rest = range.rsplit_once('-').map(|(shorter, _)| shorter);
    }
    None
}

/// The answer, which is in this language, and would be in another for who prefers that.
pub fn in_language(language: &str, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    let headers = response.headers_mut();
    if let Ok(language) = HeaderValue::from_str(language) {
        headers.insert(CONTENT_LANGUAGE, language);
    }
    headers.append(VARY, HeaderValue::from_static("accept-language"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preferred(lang: Option<&str>, accepted: &[&str]) -> &'static str {
        let header = |value: &&str| (ACCEPT_LANGUAGE, value.parse().unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in accepted.iter().map(header) {
            headers.append(name, value);
        }
        preferred_language(lang, &headers, &["en", "fr"])
    }

    #[test]
    fn the_language_that_is_preferred_and_offered_is_the_answers() {
        for (accepted, language) in [
            ("fr", "fr"),
            ("FR-ca", "fr"),
            ("fr-Latn-CA;q=0.8, de", "fr"),
            ("en;q=0.5, fr;q=0.7", "fr"),
            ("fr;q=0.7,en;q=0.7", "fr"),
            ("en, fr", "en"),
            ("de, *;q=0.1, fr;q=0.05", "en"),
            ("fr;q=0", "en"),
            ("fr;q=0.0, de", "en"),
            ("fr;q=x", "en"),
            ("fr;q=0.001", "fr"),
            ("french", "en"),
            ("", "en"),
            (",;q=,-", "en"),
        ] {
            assert_eq!(preferred(None, &[accepted]), language, "{accepted}");
        }
        assert_eq!(preferred(None, &[]), "en");
        assert_eq!(preferred(None, &["de", "fr"]), "fr");
    }

    #[test]
    fn what_is_asked_in_the_address_comes_first() {
        assert_eq!(preferred(Some("en"), &["fr"]), "en");
        assert_eq!(preferred(Some("fr-FR"), &["en"]), "fr");
        assert_eq!(preferred(Some("de"), &["fr"]), "fr");
        assert_eq!(preferred(Some(""), &[]), "en");
    }
}
