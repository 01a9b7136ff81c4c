//! A password asked for, chosen, and refused.

use axum::http::StatusCode;

use super::{done, draw_ask, draw_choose, sent};
use crate::gallery::sample::Sample;

pub(crate) fn all() -> Vec<Sample> {
    vec![
        Sample::new("ask", |easel| draw_ask(easel.portal, easel.browser, StatusCode::OK, "", None)),
        Sample::new("no_email", |easel| {
            let error = Some(easel.browser.language.texts().reset_no_email());
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw_ask(easel.portal, easel.browser, status, "developer@", error)
        }),
        Sample::new("sent", |easel| sent(easel.portal, easel.browser)),
        Sample::new("choose", |easel| {
            draw_choose(easel.portal, easel.browser, StatusCode::OK, "sample", None)
        })
        .key(),
        Sample::new("too_short", |easel| {
            let error = easel.browser.language.texts().fault_too_short(12);
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw_choose(easel.portal, easel.browser, status, "sample", Some(&error))
        }),
        Sample::new("done", |easel| done(easel.portal, easel.browser)),
    ]
}
