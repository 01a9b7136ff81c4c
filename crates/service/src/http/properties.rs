//! What holds for any bytes in a header, a query, a cursor or a body.

use axum::extract::FromRequestParts;
use axum::http::header::IF_MATCH;
use axum::http::{HeaderValue, Request};
use futures::FutureExt;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::creation::{IDEMPOTENCY_KEY, read_key};
use super::etag::IfMatch;
use super::extract::{parse_json, parse_urlencoded};
use super::page::{MAX_LIMIT, PageQuery, decode_cursor, encode_cursor};
use crate::problem::Problem;
use crate::settings::Network;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    name: String,
    count: Option<i64>,
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    text: String,
}

/// A refusal that a caller can act on, and that echoes no more than a little.
fn is_modest(problem: &Problem) -> bool {
    let size = |text: &str| text.chars().count();
    let errors = problem.errors();
    problem.status().is_client_error()
        && size(problem.detail()) <= 400
        && errors.len() <= 1
        && errors.iter().all(|e| size(&e.field) <= 101 && size(&e.fault.message) <= 301)
}

fn header(bytes: &[u8]) -> Option<HeaderValue> {
    HeaderValue::from_bytes(bytes).ok()
}

proptest! {
    #[test]
    fn any_body_is_read_or_modestly_refused(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        if let Err(problem) = parse_json::<Body>(&bytes) {
            prop_assert!(is_modest(&problem), "{}", problem);
        }
    }

    #[test]
    fn any_json_is_read_or_modestly_refused(name in any::<String>(), key in "\\PC{0,400}", text in "\\PC{0,400}") {
        for body in [
            serde_json::json!({ key.clone(): text.clone() }),
            serde_json::json!({ "name": { key.clone(): name.clone() } }),
            serde_json::json!({ "name": name, "count": text }),
            serde_json::json!({ "name": name, "parts": [{ key: 1 }] }),
        ] {
            if let Err(problem) = parse_json::<Body>(body.to_string().as_bytes()) {
                prop_assert!(is_modest(&problem), "{}", problem);
            }
        }
    }

    /// What is accepted is what was sent, and has no U+0000; that, and nothing else, is refused.
    #[test]
    fn a_body_reads_back_as_itself_unless_it_has_a_nul(name: String, count: Option<i64>, parts in prop::collection::vec(any::<String>(), 0..3)) {
        let parts = parts.into_iter().map(|text| Part { text }).collect();
        let body = Body { name, count, parts };
        let nul = body.name.contains('\0') || body.parts.iter().any(|part| part.text.contains('\0'));
        match parse_json::<Body>(&serde_json::to_vec(&body).unwrap()) {
            Ok(read) => prop_assert!(!nul && read == body),
            Err(problem) => prop_assert!(nul, "{}", problem),
        }
    }

    /// Backslashes around a NUL do not hide it, and none make up one.
    #[test]
    fn a_nul_is_found_behind_any_backslashes(text in "(\\\\|\u{0}|u|0|x){0,12}") {
        let body = serde_json::json!({ "name": text });
        let refused = parse_json::<Body>(body.to_string().as_bytes()).is_err();
        prop_assert_eq!(refused, text.contains('\0'));
    }

    #[test]
    fn any_query_is_read_or_modestly_refused(query in prop::collection::vec(any::<u8>(), 0..200), limit in "\\PC{0,20}|[0-9]{1,20}") {
        for query in [query, format!("limit={limit}").into_bytes()] {
            match parse_urlencoded::<PageQuery>(&query) {
                Ok(page) => prop_assert!((1..=MAX_LIMIT).contains(&page.limit())),
                Err(problem) => prop_assert!(is_modest(&problem), "{}", problem),
            }
        }
    }

    /// A cursor leads back to the key it was made of.
    #[test]
    fn a_cursor_reads_back_as_itself(name in "[^\u{0}]{0,40}", id: u128, place: i64) {
        let key = (name, Uuid::from_u128(id), place);
        let cursor = encode_cursor(&key).unwrap();
        prop_assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        prop_assert_eq!(decode_cursor::<(String, Uuid, i64)>(&cursor).unwrap(), key);
    }

    #[test]
    fn a_made_up_cursor_is_named(text in "\\PC{0,60}|[A-Za-z0-9_-]{0,60}") {
        if let Err(problem) = decode_cursor::<(String, Uuid)>(&text) {
            prop_assert_eq!(problem.errors()[0].field.as_str(), "cursor");
        }
        // Whatever it is made of: no key that reaches the database has a NUL.
        if let Ok(key) = decode_cursor::<Value>(&text) {
            prop_assert!(!key.to_string().contains("\\u0000"));
        }
    }

    /// An accepted Idempotency-Key is stored and compared as it came.
    #[test]
    fn an_idempotency_key_is_visible_ascii(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Some(value) = header(&bytes) {
            let headers = [(IDEMPOTENCY_KEY, value)].into_iter().collect();
            let good = (1..=255).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
            match read_key(&headers) {
                Ok(key) => prop_assert!(good && key.unwrap().into_bytes() == bytes),
                Err(_) => prop_assert!(!good),
            }
        }
    }

    /// Whatever stands in If-Match, the only version that it lets pass is one that it names.
    #[test]
    fn if_match_lets_nothing_pass_that_it_does_not_name(text in "[0-9\", W/*x-]{0,40}", version in 1_i64..20) {
        let request = Request::builder().header(IF_MATCH, text.as_str()).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        let parsed = IfMatch::from_request_parts(&mut parts, &()).now_or_never();
        if parsed.unwrap().unwrap().check(contract::Version::new(version).unwrap()).is_ok() {
            prop_assert!(text.contains('*') || text.contains(&version.to_string()));
        }
    }

    /// A network contains its own address, reads back as itself, and never panics on another's.
    #[test]
    fn a_network_reads_back_as_itself(address: std::net::IpAddr, prefix: u8, other: std::net::IpAddr, text in "\\PC{0,50}") {
        if let Ok(network) = format!("{address}/{prefix}").parse::<Network>() {
            prop_assert_eq!(network.to_string().parse::<Network>().unwrap(), network);
            prop_assert_eq!(network.contains(address), address == address.to_canonical());
            let _ = network.contains(other);
        }
        let _ = text.parse::<Network>();
    }
}
