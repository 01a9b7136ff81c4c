//! What samples are drawn with: a portal without an API, a person, and a clock that stands still.

use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, Utc};
use contract::Environment;
use contract::environment::ManualClock;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api::Api;
use crate::api::catalogue::Catalogue;
use crate::api::people::Me;
use crate::browser::Browser;
use crate::portal::Portal;
use crate::settings::Settings;

/// The id of the request that a sample answers.
pub(super) const REQUEST_ID: &str = "0199a7e0-4c1e-7d30-8a52-6b1f00c0ffee";

/// When it always is: 12 November 2026, a little after 14:00 in Paris.
const NOW: &str = "2026-11-12T13:04:00Z";

/// Where samples stand.
const BASE_URL: &str = "https://mandate.example";

/// What a sample is drawn with.
pub(crate) struct Easel<'a> {
    pub(crate) portal: &'a Portal,
    pub(crate) browser: &'a Browser,
    /// Somebody in two organizations, of which they own one.
    pub(crate) me: Me,
}

impl<'a> Easel<'a> {
    /// The catalogue that a new installation has, in the page's language.
    pub(crate) fn catalogue(&self) -> Catalogue {
        let shipped = contract::catalogue::Catalogue::default();
        read(json!(shipped.in_language(self.browser.language.tag())))
    }

    pub(super) fn new(portal: &'a Portal, browser: &'a Browser) -> Self {
        let me = read(json!({
            "id": "0195b2a0-0000-7000-8000-000000000001",
            "name": "Developer",
            "email": "developer@larkfield.example",
            "language": "en",
            "state": "active",
            "operator": false,
            "created_at": "2026-01-08T09:00:00Z",
            "account_roles": [{
                "account_id": "0195b2a0-0000-7000-8000-0000000000c1",
                "service": "retail_media",
                "role": "admin",
            }],
            "memberships": [
                {
                    "organization_id": "0195b2a0-0000-7000-8000-0000000000a1",
                    "organization_name": "Larkfield Commerce Lab",
                    "role": "owner",
                    "allowed": ["edit", "invite", "request_domain"],
                },
                {
                    "organization_id": "0195b2a0-0000-7000-8000-0000000000a2",
                    "organization_name": "Brightrow Media Desk",
                    "role": "auditor",
                    "allowed": [],
                },
            ],
        }));
        Self { portal, browser, me }
    }
}

/// What the API would answer.
pub(crate) fn read<T: DeserializeOwned>(answer: Value) -> T {
    #[expect(clippy::expect_used, reason = "samples are written here, and a test draws each")]
    serde_json::from_value(answer).expect("a sample is an answer of the API")
}

/// A portal that asks no API.
pub(super) fn portal() -> (Portal, Router) {
    #[expect(clippy::expect_used, reason = "a constant")]
    let now: DateTime<Utc> = NOW.parse().expect("a time");
    let environment = Environment::with_clock(Arc::new(ManualClock::starting_at(now)));
    #[expect(clippy::expect_used, reason = "it has no files that could be wrong")]
    Portal::new(environment, Api::InProcess(Router::new()), Settings::default(), BASE_URL)
        .expect("no brand")
}
