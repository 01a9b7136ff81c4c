//! Bodies that come encoded, such as by gzip, are refused: nobody here decodes one, and the bytes as they are would
//! be read as what they are not (RFC 9110 section 8.4).

use axum::body::HttpBody;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// Refuses a body whose content is encoded, or whose transfer is by anything but chunks.
#[expect(clippy::result_large_err, reason = "the layer's signature")]
pub(super) fn refuse_encoded(request: &mut Request) -> Result<(), Response> {
    let is_encoded = has_other(request.headers(), &CONTENT_ENCODING, "identity")
        || has_other(request.headers(), &TRANSFER_ENCODING, "chunked");
    if is_encoded && !request.body().is_end_stream() {
        return Err(refusal().into_response());
    }
    Ok(())
}

/// Whether the header names another coding than this one.
fn has_other(headers: &HeaderMap, name: &HeaderName, coding: &str) -> bool {
    let values = headers.get_all(name).iter();
    // What is no text names none that we know.
    values
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(str::trim)
        .any(|named| !named.is_empty() && !named.eq_ignore_ascii_case(coding))
}

fn refusal() -> Problem {
    Problem::unsupported_media_type(
        "unsupported-content-encoding",
        "The body is compressed or otherwise encoded. Send it as it is, without Content-Encoding.",
    )
    .with_header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_coding_but_the_usual_is_found() {
        for (value, found) in [
            ("identity", false),
            ("Identity", false),
            ("", false),
            ("gzip", true),
            ("identity, br", true),
            ("x-unknown", true),
            ("\u{ff}", true),
        ] {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            let headers = HeaderMap::from_iter([(CONTENT_ENCODING, value.clone())]);
            assert_eq!(has_other(&headers, &CONTENT_ENCODING, "identity"), found, "{value:?}");
        }
        assert!(!has_other(&HeaderMap::new(), &CONTENT_ENCODING, "identity"));
    }
}
