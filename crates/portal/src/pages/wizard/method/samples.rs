//! The choice of the method, and the choice forgotten.

use axum::http::StatusCode;

use super::draw;
use crate::gallery::easel::Easel;
use crate::gallery::sample::Sample;
use crate::pages::wizard::details::Typed;

pub(crate) fn all() -> Vec<Sample> {
    let of = |status: StatusCode, is_missing: bool| {
        move |easel: &Easel<'_>| {
            let mut typed = Typed::default();
            "Bid Pacing".clone_into(&mut typed.name);
            draw(easel.portal, easel.browser, status, "key", &typed, is_missing)
        }
    };
    vec![
        Sample::new("typical", of(StatusCode::OK, false)).key(),
        Sample::new("missing", of(StatusCode::UNPROCESSABLE_ENTITY, true)),
    ]
}
