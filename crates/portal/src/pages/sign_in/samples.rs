//! What can be seen at the door.

use axum::http::StatusCode;

use super::{answer, ended};
use crate::gallery::easel::Easel;
use crate::gallery::sample::Sample;
use crate::interrupted::Kept;
use crate::then::Then;

pub(crate) fn all() -> Vec<Sample> {
    let plain =
        |status: StatusCode, then: &'static str, error: fn(&Easel<'_>) -> Option<String>| {
            move |easel: &Easel<'_>| {
                let then = Then::from(then.to_owned());
                let email = if error(easel).is_some() { "developer@larkfield.example" } else { "" };
                answer(easel.portal, easel.browser, status, &then, email, error(easel))
            }
        };
    vec![
        Sample::new("typical", plain(StatusCode::OK, "/apps", |_| None)).key(),
        Sample::new("from_a_request", plain(StatusCode::OK, "/consent/x", |_| None)),
        Sample::new(
            "wrong",
            plain(StatusCode::UNAUTHORIZED, "/apps", |easel| {
                Some(easel.browser.language.texts().sign_in_wrong())
            }),
        ),
        Sample::new(
            "locked",
            plain(StatusCode::TOO_MANY_REQUESTS, "/apps", |easel| {
                Some(easel.browser.language.texts().sign_in_locked(14))
            }),
        ),
        Sample::new(
            "no_cookie",
            plain(StatusCode::OK, "/apps", |easel| {
                Some(easel.browser.language.texts().sign_in_no_cookie())
            }),
        ),
        Sample::new("ended", |easel| ended(easel.portal, easel.browser, None)),
        Sample::new("ended_in_a_form", |easel| {
            let kept =
                Kept { path: "/apps/new/method".to_owned(), fields: "name=Bid+Pacing".to_owned() };
            ended(easel.portal, easel.browser, Some(&kept))
        }),
    ]
}
