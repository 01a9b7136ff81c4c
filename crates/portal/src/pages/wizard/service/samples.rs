//! The choice of the service, and the choice forgotten.

use axum::http::StatusCode;

use super::draw;
use crate::gallery::apps;
use crate::gallery::easel::Easel;
use crate::gallery::sample::Sample;

pub(crate) fn all() -> Vec<Sample> {
    let of = |status: StatusCode, is_missing: bool| {
        move |easel: &Easel<'_>| {
            let id = apps::draft().id;
            draw(easel.portal, easel.browser, status, id, easel.catalogue(), is_missing)
        }
    };
    vec![
        Sample::new("typical", of(StatusCode::OK, false)),
        Sample::new("missing", of(StatusCode::UNPROCESSABLE_ENTITY, true)),
    ]
}
