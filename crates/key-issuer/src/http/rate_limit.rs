//! How an app stands to its limit, as header fields (draft-ietf-httpapi-ratelimit-headers-10: structured fields).

use axum::http::{HeaderName, HeaderValue};

use crate::token_rates::{TokenRate, TokenRates};

/// What the policy is called in both fields.
const POLICY: &str = "app";

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// `RateLimit-Policy` (so many in a window of so many seconds) and `RateLimit` (so many remain, for so many
/// seconds).
pub(super) fn headers(rates: &TokenRates, rate: TokenRate) -> [(HeaderName, HeaderValue); 2] {
    let policy = format!("\"{POLICY}\";q={};w=60", rates.limit());
    let state = format!("\"{POLICY}\";r={};t={}", rate.remaining, rate.resets_in.as_secs());
    [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)].map(|(name, text)| {
        (name, HeaderValue::try_from(text).expect("digits and quotes can be in a header"))
    })
}
