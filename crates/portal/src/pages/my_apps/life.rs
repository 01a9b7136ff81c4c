//! What an app's card says of how it lives: its keys, its accounts, its last token.

use std::collections::BTreeMap;

use contract::ids::AppId;
use contract::rpc::AppState;

use crate::api::apps::App;
use crate::api::keys::{Brief, GrantedAccounts};
use crate::browser::Browser;
use crate::times::Time;

/// What is known of the apps of a page. Of those that were never activated there is nothing.
pub(super) struct Lives(pub(super) BTreeMap<AppId, Brief>);

/// Whether there is something to tell of it.
pub(super) fn lives(app: &App) -> bool {
    matches!(app.state, AppState::Active | AppState::Suspended)
}

impl Lives {
    /// `3 keys · 14 accounts · last token 2 min ago`
    pub(super) fn line(&self, app: AppId, browser: &Browser) -> String {
        let t = browser.language.texts();
        let grouped = |number: u64| browser.language.grouped(number);
        let brief = self.0.get(&app);
        let (keys, last_token) =
            brief.map_or((0, None), |brief| (brief.live_keys, brief.last_token_at));
        let none = Some(GrantedAccounts { live_grants: 0, more_grants: false });
        let accounts = brief.map_or(none, |brief| brief.consents).map(|of| {
            let shown = grouped(of.live_grants);
            if of.more_grants {
                t.my_apps_life_more_accounts(shown)
            } else {
                t.my_apps_life_accounts(of.live_grants, shown)
            }
        });
        let token = match last_token {
            Some(at) => t.my_apps_life_token(Time::new(at, browser.language).ago(browser.now)),
            None => t.my_apps_life_no_token(),
        };
        let parts = [Some(t.my_apps_life_keys(keys)), accounts, Some(token)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}
