//! What the layers around all handlers answer below `/oauth2/`: an error of OAuth (RFC 6749 section 5.2) in place
//! of a problem, since nothing else is understood there.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, PRAGMA};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;

use crate::problem::Explanation;

#[derive(Serialize)]
struct Document<'a> {
    error: &'static str,
    error_description: &'a str,
}

/// Whether answers to this address are OAuth's.
pub(crate) fn is_spoken_at(uri: &Uri) -> bool {
    uri.path().starts_with("/oauth2/")
}

/// The answer as OAuth words it, if it is a problem.
pub(crate) fn in_words_of_oauth(mut response: Response) -> Response {
    let Some(Explanation(detail)) = response.extensions_mut().remove() else {
        return response;
    };
    // Whatever is wrong with what was sent is 400 there (RFC 6749 section 5.2).
    if response.status() == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    let description: String = detail.chars().map(allowed).collect();
    let document = Document { error: code(response.status()), error_description: &description };
    let body = serde_json::to_vec(&document).expect("strings always serialize");
    let headers = response.headers_mut();
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    *response.body_mut() = Body::from(body);
    response
}

/// `server_error` and `temporarily_unavailable` are of section 4.1.2.1, `slow_down` of RFC 8628 section 3.5: the
/// token endpoint has no words of its own for what is not wrong with a request.
fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "invalid_client",
        StatusCode::TOO_MANY_REQUESTS => "slow_down",
        StatusCode::SERVICE_UNAVAILABLE => "temporarily_unavailable",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request",
    }
}

/// A description has these characters only: `%x20-21 / %x23-5B / %x5D-7E`.
fn allowed(character: char) -> char {
    match character {
        '"' => '\'',
        '\\' => '/',
        ' '..='~' => character,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::header::RETRY_AFTER;
    use axum::response::IntoResponse;

    use super::*;
    use crate::problem::Problem;

    #[tokio::test]
    async fn a_problem_keeps_its_status_and_headers_and_gets_other_words() {
        let problem = Problem::unavailable("overloaded", "Too \"many\" at a time…");
        let response = in_words_of_oauth(problem.into_response());
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let expected = serde_json::json!({
            "error": "temporarily_unavailable", "error_description": "Too 'many' at a time?",
        });
        assert_eq!(json, expected);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_an_invalid_request() {
        let problem =
            Problem::unsupported_media_type("unsupported-content-encoding", "It is gzip.");
        let response = in_words_of_oauth(problem.into_response());
        assert_eq!(response.status(), 400);
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(json["error"], "invalid_request");
    }

    #[test]
    fn other_answers_are_left_as_they_are() {
        let response = in_words_of_oauth((StatusCode::OK, "a token").into_response());
        assert!(!response.headers().contains_key(PRAGMA));
    }
}
