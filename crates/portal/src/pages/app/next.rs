//! What is to be done next with an app: the first thing that is missing, or waits.

use contract::rpc::AppState;

use super::health::Health;
use crate::api::apps::{App, AppOperation};

/// One thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// An operator stopped it.
    Suspended,
    CreateKey,
    /// One of its keys ends within 30 days.
    ReplaceKey,
    AddRedirectUri,
    GenerateLink,
    /// So many links wait for an answer.
    Await(u64),
}

pub(super) fn step(app: &App, health: &Health) -> Option<Next> {
    let may = |operation| app.allowed.contains(&operation);
    let lacks_uri = app.has_redirect_uris() && health.redirect_uris.is_empty();
    match app.state {
        AppState::Suspended => Some(Next::Suspended),
        AppState::Draft | AppState::Archived => None,
        AppState::Active if health.activity.keys.live == 0 => {
            may(AppOperation::CreateKey).then_some(Next::CreateKey)
        }
        AppState::Active if health.activity.keys.ending_soon > 0 => Some(Next::ReplaceKey),
        AppState::Active if lacks_uri && may(AppOperation::AddRedirectUri) => {
            Some(Next::AddRedirectUri)
        }
        AppState::Active => match (health.consents.open_links, health.consents.live_grants) {
            (0, 0) => may(AppOperation::CreateLink).then_some(Next::GenerateLink),
            (0, _) => None,
            (waiting, _) => Some(Next::Await(waiting)),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gallery::apps;
    use crate::gallery::easel::read;

    fn of(state: &str, keys: (u8, u8), links: u8, grants: u8) -> Option<Next> {
        let (live, ending) = keys;
        let health = Health {
            activity: read(json!({
                "keys": { "live": live, "most": 5, "ending_soon": ending },
                "last_token_at": null,
                "refusals": { "count": 0 },
            })),
            consents: read(json!({
                "open_links": links,
                "live_grants": grants,
                "more_grants": false,
                "grants_ending_soon": 0,
            })),
            redirect_uris: Vec::new(),
            record: None,
        };
        step(&read(apps::app(1, "Shelf Report", state)), &health)
    }

    #[test]
    fn the_first_thing_that_is_missing_comes_first_and_an_app_that_runs_needs_nothing() {
        assert_eq!(of("active", (0, 0), 0, 0), Some(Next::CreateKey));
        assert_eq!(of("active", (2, 1), 1, 0), Some(Next::ReplaceKey));
        assert_eq!(of("active", (1, 0), 0, 0), Some(Next::GenerateLink));
        assert_eq!(of("active", (1, 0), 2, 3), Some(Next::Await(2)));
        assert_eq!(of("active", (1, 0), 0, 3), None);
        assert_eq!(of("suspended", (1, 0), 2, 3), Some(Next::Suspended));
        assert_eq!(of("archived", (0, 0), 0, 0), None);
    }
}
