//! What will be frozen, as several people see it.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Refusal, draw};
use crate::api::apps::{App, Preview};
use crate::gallery::apps;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

fn preview(organization: &str, lifetime_days: Option<u32>) -> Preview {
    read(json!({
        "organization": { "name": organization },
        "service": { "title": "C-Max" },
        "domains": [
            { "title": "Analytics", "level": "read", "descriptions": ["See your performance reports."] },
            {
                "title": "Campaigns",
                "level": "manage",
                "descriptions": ["See your campaigns.", "Create, change and stop your campaigns."],
            },
        ],
        "lifetime_days": lifetime_days,
    }))
}

fn of(name: &'static str, app: Value, days: Option<u32>, refusal: Option<Refusal>) -> Sample {
    let draw = move |easel: &Easel<'_>| {
        let app: App = read(app.clone());
        let organization =
            if app.name.len() > 50 { "Z".repeat(100) } else { "Larkfield Commerce Lab".to_owned() };
        let status =
            if refusal.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        draw(easel.portal, easel.browser, status, &app, &preview(&organization, days), refusal)
    };
    Sample::new(name, draw)
}

pub(crate) fn all() -> Vec<Sample> {
    let mut analysts = apps::app(3, "Bid Pacing", "draft");
    analysts["allowed"] = json!([]);
    vec![
        of("typical", apps::app(3, "Bid Pacing", "draft"), Some(365), None).key(),
        of("for_ever", apps::app(3, "Bid Pacing", "draft"), None, None),
        of("may_not", analysts, Some(365), None),
        of("longest", apps::longest(3, "draft"), Some(365), None),
        of("other_name", apps::app(3, "Bid Pacing", "draft"), Some(365), Some(Refusal::OtherName)),
        of(
            "unconfirmed",
            apps::app(3, "Bid Pacing", "draft"),
            Some(365),
            Some(Refusal::Unconfirmed),
        ),
    ]
}
