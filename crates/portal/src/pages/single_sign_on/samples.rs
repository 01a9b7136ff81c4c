//! The start of single sign-on, on its way, and refused.

use axum::http::StatusCode;

use super::{Shown, draw, draw_going};
use crate::gallery::easel::Easel;
use crate::gallery::sample::Sample;
use crate::texts::Texts;
use crate::then::Then;

pub(crate) fn all() -> Vec<Sample> {
    let refused = |status: StatusCode, email: &'static str, words: fn(&Texts) -> String| {
        move |easel: &Easel<'_>| {
            let error = Some(words(easel.browser.language.texts()));
            let shown = Shown { email, then: &Then::default(), kept: None };
            draw(easel.portal, easel.browser, status, shown, error)
        }
    };
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let email = "developer@larkfield.example";
    vec![
        Sample::new("typical", |easel| {
            let shown = Shown { email: "", then: &Then::default(), kept: None };
            draw(easel.portal, easel.browser, StatusCode::OK, shown, None)
        }),
        Sample::new("no_provider", refused(unprocessable, email, Texts::sso_no_provider)),
        Sample::new(
            "unavailable",
            refused(StatusCode::SERVICE_UNAVAILABLE, email, Texts::sso_unavailable),
        ),
        Sample::new("begin_again", refused(unprocessable, "", Texts::sso_begin_again)),
        Sample::new("not_signed_in", refused(unprocessable, "", Texts::sso_not_signed_in)),
        Sample::new("not_accepted", refused(StatusCode::FORBIDDEN, "", Texts::sso_not_accepted)),
        Sample::new("going", |easel| {
            // An address that no picture leaves the gallery for.
            let stays = "/gallery/single_sign_on/going#";
            draw_going(easel.portal, easel.browser, stays, "login.larkfield.example".to_owned())
        }),
    ]
}
