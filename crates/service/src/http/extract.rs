//! Extractors that answer a [`Problem`] when a request cannot be read.
//!
//! A body or query that is well-formed but wrong answers 422 and names the field. Unknown fields
//! are refused where the type says `#[serde(deny_unknown_fields)]`: all request types do.
//!
//! The character U+0000 is refused wherever it comes from. PostgreSQL's text cannot hold it, so that
//! past this point it could only become an error of ours; no text of people's has it.

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::limit;
use crate::problem::{Fault, FaultCode, Problem};

/// A JSON body, in requests and answers.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

/// The query string.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        expect_json(request.headers())?;
        let body = read_body(request, state).await?;
        parse_json(&body).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse_urlencoded(parts.uri.query().unwrap_or_default().as_bytes()).map(Self)
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let header =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Refuses a body that does not say it is JSON: `application/json` or `application/<…>+json`.
pub(crate) fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = media_type(headers);
    let suffixed = kind.starts_with("application/") && kind.ends_with("+json");
    if kind == "application/json" || suffixed {
        Ok(())
    } else {
        Err(Problem::unsupported_media_type(
            "unsupported-media-type",
            "The body must be of type application/json.",
        ))
    }
}

/// The whole body, as far as the limit of the route allows.
pub(crate) async fn read_body<S: Send + Sync>(
    request: Request,
    state: &S,
) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(refused_body)
}

/// The problem for a body that cannot be read, for handlers that take raw bytes.
#[expect(clippy::needless_pass_by_value, reason = "used as a function of map_err")]
pub fn refused_body(rejection: BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large("too-large", "The body is larger than this address takes.")
    } else {
        Problem::bad_request("unreadable-body", "The body could not be read to its end.")
    }
}

/// U+FEFF in UTF-8, which some editors write at the beginning of a file (RFC 8259 section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a JSON document.
pub(crate) fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // A struct could be read from a list of its fields as well, which no description mentions.
    if body.trim_ascii_start().first() == Some(&b'[') {
        let no_object = Fault::new(FaultCode::WrongType, "must be a JSON object");
        return Err(Problem::invalid_field("body", no_object));
    }
    parse_document(body)
}

/// The same of a document of any kind.
pub(super) fn parse_document<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    if body.starts_with(BYTE_ORDER_MARK) {
        return Err(Problem::bad_request(
            "malformed-json",
            "The body begins with a byte order mark (the bytes EF BB BF). Leave it out: JSON has none.",
        ));
    }
    if has_nul_escape(body) {
        let value = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
        return Err(nul_in(&where_nul_is(&value).unwrap_or_default()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        if error.inner().is_data() {
            wrong_field(&error.path().to_string(), &without_position(&error.inner().to_string()))
        } else {
            malformed(error.inner())
        }
    })?;
    deserializer.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

/// Whether a string of this JSON has the escape of U+0000; unescaped, JSON itself forbids it. Exact:
/// a backslash is found in strings only, and takes the character after it along.
pub(crate) fn has_nul_escape(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = &rest[at + 1..];
        if escape.starts_with(b"u0000") {
            return true;
        }
        rest = escape.get(1..).unwrap_or_default();
    }
    false
}

/// The path of the first text or name with a U+0000, written as for any other wrong field.
fn where_nul_is(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .find_map(|(at, value)| Some(format!("[{at}]{}", below(&where_nul_is(value)?)))),
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            if name.contains('\0') {
                return Some(name.replace('\0', ""));
            }
            Some(format!("{name}{}", below(&where_nul_is(value)?)))
        }),
        _ => None,
    }
}

/// The rest of a path: an index joins directly, a name by a dot.
fn below(path: &str) -> String {
    if path.is_empty() || path.starts_with('[') { path.to_owned() } else { format!(".{path}") }
}

fn nul_in(field: &str) -> Problem {
    let field = if field.is_empty() { "body" } else { field };
    let zero = Fault::new(FaultCode::ForbiddenCharacters, "has the character U+0000");
    Problem::invalid_field(shortened(field, MAX_FIELD_CHARS), zero)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::bad_request("malformed-json", format!("The body is not valid JSON: {error}."))
}

pub(super) fn parse_urlencoded<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let pairs = || url::form_urlencoded::parse(text);
    if let Some((name, _)) =
        pairs().find(|(name, value)| name.contains('\0') || value.contains('\0'))
    {
        return Err(nul_in(&name.replace('\0', "")));
    }
    let deserializer = serde_urlencoded::Deserializer::new(pairs());
    serde_path_to_error::deserialize(deserializer)
        .map_err(|error| wrong_field(&error.path().to_string(), &error.inner().to_string()))
}

/// serde_json appends ` at line 1 column 7`, which says nothing once the field is named.
fn without_position(message: &str) -> String {
    message.rfind(" at line ").map_or(message, |at| &message[..at]).to_owned()
}

/// 422 for the field that could not be read. serde names a missing or unknown field only in its
/// message, as the first word in backticks.
fn wrong_field(path: &str, message: &str) -> Problem {
    let (field, code, message) = named_field(path, message);
    if message == limit::WRONG_LIMIT {
        return Problem::invalid_field("limit", Fault::out_of_range(1, limit::MAX_LIMIT.into()));
    }
    let mut fault = Fault::new(code, shortened(&message, MAX_MESSAGE_CHARS));
    if code == FaultCode::NotOneOf {
        fault = fault.with("expected", expected(&message));
    }
    Problem::invalid_field(shortened(&field, MAX_FIELD_CHARS), fault)
}

/// The values that serde names behind `expected`, in backticks: those of our own enumerations.
fn expected(message: &str) -> Vec<&str> {
    let (_, named) = message.rsplit_once("expected").unwrap_or_default();
    named.split('`').skip(1).step_by(2).collect()
}

/// What serde says of a value that is there.
fn code_of(message: &str) -> FaultCode {
    match message {
        _ if message.starts_with("invalid type") => FaultCode::WrongType,
        _ if message.starts_with("unknown variant") => FaultCode::NotOneOf,
        _ => FaultCode::WrongFormat,
    }
}

/// At most so much of a name or value that was sent is answered: an error is no echo.
const MAX_FIELD_CHARS: usize = 100;
const MAX_MESSAGE_CHARS: usize = 300;

fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn named_field(path: &str, message: &str) -> (String, FaultCode, String) {
    let named = message.split('`').nth(1).unwrap_or_default();
    let path = if path == "." { "" } else { path };
    let inside = |path: &str| {
        if path.is_empty() { named.to_owned() } else { format!("{path}.{named}") }
    };
    if message.starts_with("missing field") {
        (inside(path), FaultCode::Required, "is required".to_owned())
    } else if message.starts_with("duplicate field") {
        (inside(path), FaultCode::Repeated, "must be given once".to_owned())
    } else if message.starts_with("unknown field") {
        // Depending on the format, the path ends in the unknown field or in what holds it.
        let ends_in_it = path == named || path.ends_with(&format!(".{named}"));
        let field = if ends_in_it { path.to_owned() } else { inside(path) };
        (field, FaultCode::Unknown, "is unknown".to_owned())
    } else if path.is_empty() {
        ("body".to_owned(), code_of(message), message.to_owned())
    } else {
        (path.to_owned(), code_of(message), message.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read from requests")]
    struct App {
        name: String,
        #[serde(default)]
        domains: Vec<Domain>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read from requests")]
    struct Domain {
        level: u8,
    }

    fn refusal(body: &str) -> (u16, String, String) {
        let problem = parse_json::<App>(body.as_bytes()).unwrap_err();
        let error = problem.errors().first();
        (
            problem.status().as_u16(),
            error.map_or(String::new(), |e| e.field.clone()),
            error.map_or(problem.detail().to_owned(), |e| e.fault.message.clone().into_owned()),
        )
    }

    #[test]
    fn a_wrong_field_is_named_by_its_path() {
        for (body, field, message) in [
            (r#"{"name": 1}"#, "name", "invalid type: integer `1`, expected a string"),
            ("{}", "name", "is required"),
            (r#"{"name": "a", "nam": 1}"#, "nam", "is unknown"),
            (r#"{"name": "a", "name": "b"}"#, "name", "must be given once"),
            (r#"{"name": "a", "domains": [{"level": 1}, {}]}"#, "domains[1].level", "is required"),
            (r#"{"name": "a", "domains": [{"level": 1, "x": 2}]}"#, "domains[0].x", "is unknown"),
        ] {
            let (status, f, m) = refusal(body);
            assert_eq!((status, f.as_str(), m.as_str()), (422, field, message), "{body}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_field_has_a_code() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Level {
            Read,
            Manage,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "only read from requests")]
        struct Body {
            level: Level,
            id: contract::AppId,
        }
        let id = "01978a2b-0000-7000-8000-00000000000a";
        for (body, code) in [
            (r#"{"level": "read"}"#.to_owned(), FaultCode::Required),
            (format!(r#"{{"level": "read", "id": "{id}", "x": 1}}"#), FaultCode::Unknown),
            (format!(r#"{{"level": "read", "level": "read", "id": "{id}"}}"#), FaultCode::Repeated),
            (format!(r#"{{"level": "write", "id": "{id}"}}"#), FaultCode::NotOneOf),
            (r#"{"level": "read", "id": 7}"#.to_owned(), FaultCode::WrongType),
            (r#"{"level": "read", "id": "seven"}"#.to_owned(), FaultCode::WrongFormat),
        ] {
            let problem = parse_json::<Body>(body.as_bytes()).unwrap_err();
            let fault = &problem.errors()[0].fault;
            assert_eq!(fault.code, code, "{body}");
            if code == FaultCode::NotOneOf {
                assert_eq!(fault.parameters["expected"], serde_json::json!(["read", "manage"]));
            }
        }
    }

    #[test]
    fn what_is_no_json_is_malformed_with_its_position() {
        for body in ["", "{", "{\"name\": }", r#"{"name": "a"} x"#] {
            let (status, _, detail) = refusal(body);
            assert_eq!(status, 400, "{body}");
            assert!(detail.contains("line 1 column"), "{detail}");
        }
    }

    #[test]
    fn a_list_is_no_object() {
        assert_eq!(refusal(r#" ["a"]"#).1, "body");
    }

    #[test]
    fn the_character_zero_is_refused_wherever_it_comes_from() {
        assert_eq!(refusal(r#"{"name": "a\u0000b"}"#).2, "has the character U+0000");
        // An escaped backslash before "u0000" is only text.
        assert!(parse_json::<App>(br#"{"name": "a\\u0000b"}"#).is_ok());
        assert_eq!(refusal(r#"{"name": "a\\\u0000b"}"#).0, 422);
        let nested = refusal(r#"{"name": "a", "domains": [{}, {"level": "\u0000"}]}"#);
        assert_eq!(nested.1, "domains[1].level");
        let problem = parse_urlencoded::<Domain>(b"level=%00").unwrap_err();
        assert_eq!(problem.errors()[0].field, "level");
    }

    #[test]
    fn an_error_is_no_echo() {
        let problem = parse_json::<App>(format!("{{\"{}\": 1}}", "k".repeat(10_000)).as_bytes());
        assert!(problem.unwrap_err().errors()[0].field.chars().count() <= MAX_FIELD_CHARS + 1);
    }

    #[test]
    fn a_wrong_query_parameter_is_named() {
        let problem = parse_urlencoded::<Domain>(b"level=high").unwrap_err();
        assert_eq!((problem.status().as_u16(), problem.errors()[0].field.as_str()), (422, "level"));
        let problem = parse_urlencoded::<Domain>(b"level=1&depth=2").unwrap_err();
        assert_eq!(problem.errors()[0].field, "depth");
        let problem = parse_urlencoded::<Domain>(b"").unwrap_err();
        assert_eq!(problem.errors()[0].field, "level");
    }
}
