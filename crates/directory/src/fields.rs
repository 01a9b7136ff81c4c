//! The rules of single fields, each parsed once at the edge.

use contract::text;
use serde::Serialize;
use service::{Fault, FaultCode};
use url::{Host, Url};

use crate::country;

mod email;

pub(crate) use email::{ClaimedEmail, Email};

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field.
    pub field: &'static str,
    /// What is wrong, for the person who filled it in.
    #[serde(flatten)]
    pub fault: Fault,
}

impl FieldError {
    /// This field has this problem.
    pub(crate) fn new(field: &'static str, fault: impl Into<Fault>) -> Self {
        Self { field, fault: fault.into() }
    }
}

/// All that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(|e| format!("{} {}", e.field, e.fault.message)).collect::<Vec<_>>().join("; "))]
pub struct Invalid(pub Vec<FieldError>);

impl Invalid {
    /// What went wrong of these, in their order.
    pub(crate) fn all<const N: usize>(errors: [Option<FieldError>; N]) -> Self {
        Self(errors.into_iter().flatten().collect())
    }
}

impl From<FieldError> for Invalid {
    fn from(error: FieldError) -> Self {
        Self(vec![error])
    }
}

/// A name for people to read: trimmed, one line, not empty, at most `max` characters.
pub(crate) fn name(field: &'static str, text: &str, max: usize) -> Result<String, FieldError> {
    text::line(text, max).map(str::to_owned).map_err(|unfit| FieldError::new(field, unfit))
}

/// A text of at most `max` characters, its lines ended by line feeds. An empty one is none.
pub(crate) fn description(
    field: &'static str,
    text: Option<&str>,
    max: usize,
) -> Result<Option<String>, FieldError> {
    text::lines(text.unwrap_or_default(), max).map_err(|unfit| FieldError::new(field, unfit))
}

/// A country as an ISO 3166-1 alpha-2 code.
pub(crate) fn country(field: &'static str, text: &str) -> Result<String, FieldError> {
    if country::is_code(text) {
        Ok(text.to_owned())
    } else {
        let message = "is not an ISO 3166-1 alpha-2 country code, such as FR";
        Err(FieldError::new(field, Fault::new(FaultCode::WrongFormat, message)))
    }
}

/// A website: an http or https URL with a host and without credentials. An empty one is none.
pub(crate) fn website(
    field: &'static str,
    text: Option<&str>,
) -> Result<Option<String>, FieldError> {
    const MAX_CHARS: usize = 2048;
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let wrong = || {
        FieldError::new(field, Fault::new(FaultCode::WrongFormat, "is not an http or https URL"))
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain = url.username().is_empty() && url.password().is_none();
    // URL parsers take nearly anything for a host, quotes too, and this ends in people's pages.
    let host = match url.host() {
        Some(Host::Domain(name)) => {
            name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        None => false,
    };
    if !matches!(url.scheme(), "http" | "https") || !host || !plain {
        return Err(wrong());
    }
    if url.as_str().chars().count() > MAX_CHARS {
        return Err(FieldError::new(field, Fault::too_long(MAX_CHARS)));
    }
    Ok(Some(url.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_counted_in_characters_not_bytes() {
        let full = "é".repeat(255);
        assert_eq!(description("description", Some(&full), 255).unwrap(), Some(full.clone()));
        assert!(description("description", Some(&format!("{full}é")), 255).is_err());
        assert_eq!(description("description", Some("  "), 255).unwrap(), None);
    }

    #[test]
    fn the_line_ends_of_forms_count_as_one_character() {
        let text = |text| description("description", Some(text), 6).unwrap();
        assert_eq!(text("a\r\nb\rc\n").as_deref(), Some("a\nb\nc"));
        assert_eq!(text("a\r\nb\r\n\r\nc").as_deref(), Some("a\nb\n\nc"));
        assert_eq!(text("a\tb").as_deref(), Some("a\tb"));
        assert!(description("description", Some("a\u{b}b"), 6).is_err());
    }

    #[test]
    fn a_website_is_http_or_https_with_a_host() {
        for text in ["https://example.com", "http://example.com/a?b"] {
            assert!(website("website", Some(text)).unwrap().is_some(), "{text}");
        }
        for text in [
            "example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "https://",
            "https://a:b@example.com",
            "http:/\"/",
        ] {
            assert!(website("website", Some(text)).is_err(), "{text}");
        }
        assert_eq!(website("website", None).unwrap(), None);
    }

    #[test]
    fn a_name_is_one_line_that_is_not_empty() {
        assert_eq!(name("name", " Shop ", 200).unwrap(), "Shop");
        for text in ["", "  ", "a\nb", "\u{3164}", "a\u{2060}b", &"x".repeat(201)] {
            assert!(name("name", text, 200).is_err(), "{text}");
        }
    }
}
