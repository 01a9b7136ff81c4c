//! What an app's card says of how it lives: its keys, its accounts, its last token.

use std::collections::BTreeMap;

use contract::ids::AppId;
use contract::rpc::AppState;

use crate::api::apps::App;
use crate::api::{app_grants, keys};
use crate::browser::Browser;
use crate::times::Time;

/// What is known of the apps of a page. Of those that never had a key or a link there is nothing.
pub(super) struct Lives {
    pub(super) keys: BTreeMap<AppId, keys::Brief>,
    pub(super) grants: BTreeMap<AppId, app_grants::Brief>,
}

/// Whether there is something to tell of it.
pub(super) fn lives(app: &App) -> bool {
    matches!(app.state, AppState::Active | AppState::Suspended)
}

impl Lives {
    /// `3 keys · 14 accounts · last token 2 min ago`
    pub(super) fn line(&self, app: AppId, browser: &Browser) -> String {
        let t = browser.language.texts();
        let grouped = |number: u64| browser.language.grouped(number);
        let (keys, last_token) = match self.keys.get(&app) {
            Some(brief) => (brief.live_keys, brief.last_token_at),
            None => (0, None),
        };
        let accounts = match self.grants.get(&app) {
            Some(brief) if brief.more_grants => {
                t.my_apps_life_more_accounts(grouped(brief.live_grants))
            }
            Some(brief) => t.my_apps_life_accounts(brief.live_grants, grouped(brief.live_grants)),
            None => t.my_apps_life_accounts(0, ""),
        };
        let token = match last_token {
            Some(at) => t.my_apps_life_token(Time::new(at, browser.language).ago(browser.now)),
            None => t.my_apps_life_no_token(),
        };
        [t.my_apps_life_keys(keys), accounts, token].join(" · ")
    }
}
