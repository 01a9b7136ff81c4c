//! Each problem that has a page.

use axum::http::StatusCode;
use serde_json::json;

use super::{cross_site, not_found, refused, unavailable};
use crate::api::Refused;
use crate::gallery::{Sample, read};

pub(crate) fn all() -> Vec<Sample> {
    vec![
        Sample::new("not_found", |easel| not_found(easel.portal, easel.browser)),
        Sample::new("unavailable", |easel| unavailable(easel.portal, easel.browser)),
        Sample::new("cross_site", |easel| cross_site(easel.portal, easel.browser)),
        Sample::new("refused", |easel| {
            let refusal = Refused {
                status: StatusCode::CONFLICT,
                code: "app-not-active".to_owned(),
                retry_after: None,
                errors: read(json!([])),
            };
            refused(easel.portal, easel.browser, &refusal)
        })
        .key(),
    ]
}
