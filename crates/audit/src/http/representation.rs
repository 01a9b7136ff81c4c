//! How a file of the log is represented (RFC 9110 section 8): as it is or packed with gzip, with an entity tag, and with
//! how long it may be kept.
//!
//! tower-http's compression layer is not for this: it leaves a file and its packed form one entity tag, and would
//! bring packages of its own. Bundles alone are packed, which shrinks them to a fraction; hashes cannot be.

use std::io::Write as _;

use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use service::Problem;
use translog::Hash;

/// A file, as it is.
pub(super) struct File {
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// Their type.
    pub(super) media_type: &'static str,
    /// For how long, and by whom, it may be kept.
    pub(super) kept: HeaderValue,
}

impl File {
    /// The answer to this request: the bytes, or that they are known already.
    pub(super) fn answer(self, asked: &HeaderMap) -> Response {
        let etag = self.etag("");
        if is_known(asked, &etag) {
            return (StatusCode::NOT_MODIFIED, [(CACHE_CONTROL, self.kept), (ETAG, etag)])
                .into_response();
        }
        let headers = [(CACHE_CONTROL, self.kept), (ETAG, etag)];
        (headers, [(CONTENT_TYPE, self.media_type)], self.bytes).into_response()
    }

    /// The same, packed for whoever accepts that.
    ///
    /// # Errors
    /// When this process ends.
    pub(super) async fn answer_packed(self, asked: &HeaderMap) -> Result<Response, Problem> {
        // Of both: caches are to tell them apart.
        let vary: (HeaderName, HeaderValue) = (VARY, ACCEPT_ENCODING.into());
        if !accepts_gzip(asked) {
            return Ok(([vary], self.answer(asked)).into_response());
        }
        let etag = self.etag("-gzip");
        let headers = [vary, (CACHE_CONTROL, self.kept), (ETAG, etag.clone())];
        if is_known(asked, &etag) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        let bytes = self.bytes;
        // Up to 16 MiB: others are not to wait behind it.
        let packed = tokio::task::spawn_blocking(move || pack(&bytes)).await;
        let packed = packed.map_err(Problem::internal)?.map_err(Problem::internal)?;
        let of_packed = [(CONTENT_TYPE, self.media_type), (CONTENT_ENCODING, "gzip")];
        Ok((headers, of_packed, packed).into_response())
    }

    /// A tag of the bytes and not of the place: after a log was continued as a new one, other bytes are there.
    fn etag(&self, form: &str) -> HeaderValue {
        let hash = hex::encode(&Hash::of_leaf(&self.bytes).as_bytes()[..16]);
        HeaderValue::from_str(&format!("\"{hash}{form}\"")).expect("hex digits are visible ASCII")
    }
}

fn pack(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Whether whoever asks has it already (RFC 9110 section 13.1.2; compared weakly, since proxies weaken tags).
fn is_known(asked: &HeaderMap, etag: &HeaderValue) -> bool {
    let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).map(str::trim).any(|tag| {
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes()
    })
}

/// Whether gzip is accepted, and not less gladly than the bytes as they are (RFC 9110 section 12.5.3). Who says nothing
/// gets them as they are.
fn accepts_gzip(asked: &HeaderMap) -> bool {
    let (mut gzip, mut identity, mut any) = (None, None, None);
    let named = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for coding in named.flat_map(|value| value.split(',')) {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = Some(quality(parameters));
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => gzip = quality,
            "identity" => identity = quality,
            "*" => any = quality,
            _ => {}
        }
    }
    let gzip = gzip.or(any).unwrap_or(0.0);
    gzip > 0.0 && gzip >= identity.unwrap_or(0.0)
}

/// The weight of what is accepted (RFC 9110 section 12.4.2): 1 if none is given, 0 if it is none.
fn quality(parameters: &str) -> f32 {
    let mut named = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let weight = named.rfind(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.map_or(1.0, |(_, weight)| weight.trim().parse().unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(name: HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn gzip_is_for_whoever_accepts_it() {
        assert!(!accepts_gzip(&HeaderMap::new()), "who says nothing may not know it");
        for (value, accepted) in [
            ("gzip", true),
            ("deflate, GZIP;q=0.5, br", true),
            ("*", true),
            ("gzip;q=1.0, identity; q=0.5, *;q=0", true),
            ("gzip;q=0.001", true),
            ("", false),
            ("identity", false),
            ("br", false),
            ("gzip;q=0", false),
            ("gzip;q=0.0, *", false),
            ("*;q=0", false),
            ("gzip;q=nonsense", false),
            ("identity, gzip;q=0.5", false),
        ] {
            assert_eq!(accepts_gzip(&asking(ACCEPT_ENCODING, value)), accepted, "{value}");
        }
    }

    #[test]
    fn what_is_known_is_told_by_its_tag() {
        let etag = HeaderValue::from_static("\"a1\"");
        for (value, known) in [
            ("\"a1\"", true),
            ("W/\"a1\"", true),
            ("\"b2\", \"a1\"", true),
            ("*", true),
            ("\"a1-gzip\"", false),
            ("a1", false),
            ("", false),
        ] {
            assert_eq!(is_known(&asking(IF_NONE_MATCH, value), &etag), known, "{value}");
        }
        assert!(!is_known(&HeaderMap::new(), &etag));
    }
}
