//! Each problem that has a page.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{cross_site, not_found, ours, refused, unavailable, unreadable};
use crate::api::Refused;
use crate::gallery::easel::read;
use crate::gallery::sample::Sample;

pub(crate) fn all() -> Vec<Sample> {
    vec![
        Sample::new("not_found", |easel| not_found(easel.portal, easel.browser)),
        Sample::new("unavailable", |easel| unavailable(easel.portal, easel.browser, &Method::POST)),
        Sample::new("ours", |easel| ours(easel.portal, easel.browser)),
        Sample::new("unreadable", |easel| {
            unreadable(easel.portal, easel.browser, StatusCode::UNPROCESSABLE_ENTITY)
        }),
        Sample::new("cross_site", |easel| cross_site(easel.portal, easel.browser)),
        Sample::new("refused", |easel| {
            let refusal = Refused {
                status: StatusCode::CONFLICT,
                code: "app-not-active".to_owned(),
                retry_after: None,
                errors: read(json!([])),
                ..Refused::default()
            };
            refused(easel.portal, easel.browser, &refusal)
        })
        .key(),
    ]
}
