//! The headers of every page: what it may load, and who may keep it.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::Next;
use axum::response::Response;

use crate::browser::Questions;

/// Nothing but what is ours, and nothing inline (CSP level 3).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Everything off that pages do not need.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(self), \
                           display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), \
                           gyroscope=(), hid=(), identity-credentials-get=(), idle-detection=(), \
                           local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), \
                           picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), \
                           storage-access=(), usb=(), web-share=(), xr-spatial-tracking=()";

const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// How many questions of the API a page took, where developers look (W3C Server Timing).
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

fn timing(questions: &Questions) -> HeaderValue {
    let text = format!("api;desc=\"{} questions\"", questions.asked());
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("api"))
}

/// Whether browsers are to come by https only from now on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Https(pub(crate) bool);

/// Adds them; what a page has set itself stands.
pub(crate) async fn protect(
    State(Https(https)): State<Https>,
    mut request: Request,
    next: Next,
) -> Response {
    let questions = Questions::default();
    request.extensions_mut().insert(questions.clone());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(SERVER_TIMING, timing(&questions));
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(CONTENT_SECURITY_POLICY, POLICY);
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(REFERRER_POLICY, "same-origin");
    set(OPENER_POLICY, "same-origin");
    set(RESOURCE_POLICY, "same-origin");
    set(PERMISSIONS_POLICY, PERMISSIONS);
    set(CACHE_CONTROL, "no-store");
    if https {
        set(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    response
}
