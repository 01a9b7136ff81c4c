//! `GET /v1/apps/{id}/image`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::AppId;
use service::http::Path;
use service::{Attempt, Problem};

use super::steps::{find, permit};
use crate::policy::Operation;
use crate::{AppRegistry, store};

/// Read an app's image
///
/// A draft's is for its organization. Once the app was activated, the image is shown to everyone who
/// is asked for consent, so that anyone signed in may read it; it never changes then.
#[utoipa::path(
    get,
    path = "/v1/apps/{id}/image",
    operation_id = "getAppImage",
    tag = "apps",
    security(("api_token" = [])),
    params(("id" = AppId, Path), ("If-None-Match" = Option<String>, Header, description = "Answers 304 if this is its ETag.")),
    responses(
        (status = 200, description = "The image",
            content((Vec<u8> = "image/png"), (Vec<u8> = "image/jpeg")), headers(("ETag" = String))),
        (status = 304, description = "The caller has it already"),
        (status = 401, body = Problem, description = "No valid API token or session"),
        (status = 404, body = Problem, description = "There is no such app, or it has no image")
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(super) async fn get_image(
    State(registry): State<Arc<AppRegistry>>,
    attempt: Attempt,
    Path(id): Path<AppId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let app = find(&registry, id).await?;
    if app.activated_at.is_none() {
        let _may_read = permit(&attempt, &app, Operation::Read).await?;
    }
    let none = || Problem::missing("image");
    let sha256 = app.image_sha256.ok_or_else(none)?;

    let tag = format!("\"{}\"", hex::encode(sha256));
    // A draft's image can change at any time; a frozen one cannot.
    let caching = if app.activated_at.is_some() {
        "private, max-age=86400, immutable"
    } else {
        "private, no-cache"
    };
    if knows(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag), (CACHE_CONTROL, caching.to_owned())])
            .into_response());
    }
    let image = store::image(&registry.resources.pool, id).await?.ok_or_else(none)?;
    let headers = [
        // Of the bytes that are answered: they may be newer than the app that was read before.
        (ETAG, format!("\"{}\"", hex::encode(&image.sha256))),
        (CONTENT_TYPE, image.media_type),
        (CACHE_CONTROL, caching.to_owned()),
        // The bytes are a stranger's: shown as an image or not at all.
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
    ];
    Ok((headers, image.bytes).into_response())
}

/// Whether `If-None-Match` names the tag (RFC 9110 section 13.1.2; a weak tag counts).
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_caller_who_has_the_image_is_told_so() {
        for (header, known) in
            [("\"a\"", true), ("\"b\", W/\"a\"", true), ("*", true), ("\"b\"", false), ("a", false)]
        {
            let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(header))]);
            assert_eq!(knows(&headers, "\"a\""), known, "{header}");
        }
        assert!(!knows(&HeaderMap::new(), "\"a\""));
    }
}
