//! Levels chosen, none, and a rule that has just acted.

use axum::http::StatusCode;
use axum::response::Response;
use contract::catalogue::Level;

use super::selection::{Acted, Selection, written};
use super::{Drawn, draw};
use crate::api::ApiError;
use crate::faults::Faults;
use crate::gallery::apps;
use crate::gallery::easel::Easel;
use crate::gallery::sample::Sample;

fn of(
    easel: &Easel<'_>,
    status: StatusCode,
    chosen: &[(&str, Level)],
    acted: &[Acted],
) -> Response {
    let mut catalogue = easel.catalogue();
    let Some(service) = catalogue.services.remove("retail_media") else {
        return crate::failed::Failed::page(
            easel.portal,
            easel.browser,
            &axum::http::Method::GET,
            &ApiError::missing("the shipped service"),
        );
    };
    let enabled = vec!["accounts:manage".to_owned()];
    let drawn = Drawn { app: apps::draft(), service, enabled };
    let chosen: Selection =
        chosen.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect();
    let (undo, none) = (written(&chosen), Faults::default());
    draw(easel.portal, easel.browser, status, &drawn, &chosen, acted, undo, &none)
}

pub(crate) fn all() -> Vec<Sample> {
    vec![
        Sample::new("typical", |easel| {
            of(
                easel,
                StatusCode::OK,
                &[("analytics", Level::Read), ("campaigns", Level::Manage)],
                &[],
            )
        })
        .key(),
        Sample::new("empty", |easel| of(easel, StatusCode::OK, &[], &[])),
        Sample::new("missing", |easel| of(easel, StatusCode::UNPROCESSABLE_ENTITY, &[], &[])),
        Sample::new("acted", |easel| {
            let chosen = [("accounts", Level::Manage), ("campaigns", Level::Read)];
            let acted =
                |on: &str, was, is| Acted { on: on.to_owned(), was, is, by: "accounts".to_owned() };
            let acted = [
                acted("campaigns", None, Some(Level::Read)),
                acted("analytics", Some(Level::Read), None),
            ];
            of(easel, StatusCode::OK, &chosen, &acted)
        }),
    ]
}
