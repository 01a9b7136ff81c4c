//! What is to be done next with an app: the first thing that is missing, or waits.

use contract::rpc::AppState;

use super::{Health, has_redirect_uris};
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
    let lacks_uri = has_redirect_uris(app) && health.redirect_uris.items.is_empty();
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
