//! One session, and several.

use serde_json::{Value, json};

use super::draw;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0";

fn session(number: u8, current: bool, agent: Option<&str>) -> Value {
    json!({
        "id": format!("0195b2a0-0000-7000-8000-0000000005{number:02}"),
        "created_at": "2026-11-12T08:12:00Z",
        "last_used_at": "2026-11-12T13:02:00Z",
        "expires_at": "2026-12-12T08:12:00Z",
        "current": current,
        "user_agent": agent,
    })
}

pub(crate) fn all() -> Vec<Sample> {
    let of = |sessions: Value| {
        move |easel: &Easel<'_>| {
            draw(easel.portal, easel.browser, &easel.me, read(sessions.clone()))
        }
    };
    vec![
        Sample::new(
            "typical",
            of(json!([session(1, true, Some(FIREFOX)), session(2, false, Some("curl/8.17.0"))])),
        )
        .key(),
        Sample::new("only_this_one", of(json!([session(1, true, Some(FIREFOX))]))),
        Sample::new(
            "longest",
            of(json!([
                session(1, true, Some(&"Browser/1.0 ".repeat(40))),
                session(2, false, Some(&"x".repeat(512))),
                session(3, false, None),
            ])),
        ),
    ]
}
