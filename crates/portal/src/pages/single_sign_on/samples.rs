//! The start of single sign-on, on its way, and refused.

use axum::http::StatusCode;

use super::{draw, go};
use crate::gallery::sample::Sample;
use crate::then::Then;

pub(crate) fn all() -> Vec<Sample> {
    vec![
        Sample::new("typical", |easel| {
            draw(easel.portal, easel.browser, StatusCode::OK, "", &Then::default(), None)
        }),
        Sample::new("no_provider", |easel| {
            let error = Some(easel.browser.language.texts().sso_no_provider());
            let (status, then) = (StatusCode::UNPROCESSABLE_ENTITY, Then::default());
            draw(easel.portal, easel.browser, status, "developer@larkfield.example", &then, error)
        }),
        Sample::new("going", |easel| {
            // An address that no picture leaves the gallery for.
            go(easel.portal, easel.browser, "/gallery/single_sign_on/going#login.larkfield.example")
        }),
    ]
}
