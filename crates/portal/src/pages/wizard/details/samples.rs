//! The first step, fresh and refused.

use axum::http::StatusCode;

use super::{Typed, draw};
use crate::faults::Faults;
use crate::gallery::easel::Easel;
use crate::gallery::sample::Sample;

fn typed(name: &str, description: &str) -> Typed {
    Typed { name: name.to_owned(), description: description.to_owned(), ..Typed::default() }
}

pub(crate) fn all() -> Vec<Sample> {
    let plain = |typed: fn() -> Typed| {
        move |easel: &Easel<'_>| {
            draw(
                easel.portal,
                easel.browser,
                StatusCode::OK,
                None,
                Some(&easel.me.memberships[0].organization_name),
                &typed(),
                &Faults::default(),
            )
        }
    };
    vec![
        Sample::new("empty", plain(Typed::default)),
        Sample::new(
            "typical",
            plain(|| typed("Bid Pacing", "Moves campaign budgets through the day.")),
        )
        .key(),
        Sample::new("longest", plain(|| typed(&"W".repeat(100), &"Wortungetüm ".repeat(21)))),
        Sample::new("refused", |easel| {
            let t = easel.browser.language.texts();
            let mut faults = Faults::default();
            faults.set("name", t.fault_required());
            faults.set("description", t.fault_too_long(255));
            let typed = typed("", &"x".repeat(300));
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw(easel.portal, easel.browser, status, None, None, &typed, &faults)
        }),
    ]
}
