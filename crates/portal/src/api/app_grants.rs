//! `/v1/grants`, as an app's organization reads it.

use std::collections::BTreeMap;

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::catalogue::DomainLevel;
use contract::ids::{AccountId, AppId};
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// The consent of one account to an app.
#[derive(Debug, Deserialize)]
pub(crate) struct AppGrant {
    pub(crate) account: GrantedAccount,
    pub(crate) domains: Vec<DomainLevel>,
    pub(crate) state: GrantState,
    pub(crate) granted_at: DateTime<Utc>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    /// When the app last asked which accounts it reaches, this one among them.
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

/// The account.
#[derive(Debug, Deserialize)]
pub(crate) struct GrantedAccount {
    pub(crate) id: AccountId,
    pub(crate) name: Option<String>,
    pub(crate) service: String,
}

/// Whether a grant counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GrantState {
    Live,
    Expired,
    Revoked,
}

impl GrantState {
    /// All of them, as they are offered.
    pub(crate) const ALL: [Self; 3] = [Self::Live, Self::Expired, Self::Revoked];

    /// As it is asked for.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A page of grants.
#[derive(Debug, Deserialize)]
pub(crate) struct AppGrants {
    pub(crate) items: Vec<AppGrant>,
    pub(crate) next_cursor: Option<String>,
}

/// How an app's links and grants stand.
#[derive(Debug, Deserialize)]
pub(crate) struct ConsentActivity {
    pub(crate) open_links: u64,
    pub(crate) live_grants: u64,
    /// Whether there are more than were counted.
    pub(crate) more_grants: bool,
    /// Within 30 days.
    pub(crate) grants_ending_soon: u64,
}

/// How many accounts consented to an app.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Brief {
    app_id: AppId,
    pub(crate) live_grants: u64,
    /// Whether there are more than were counted.
    pub(crate) more_grants: bool,
}

/// The same of each of these apps that ever had a link.
pub(crate) async fn activities(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    apps: &[AppId],
) -> Result<BTreeMap<AppId, Brief>, ApiError> {
    if apps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let question = Question::new(Method::POST, "/v1/apps/consent-activity").of(token);
    let question = question.with(json!({ "ids": apps }));
    let found: Activities = api.ask(browser, question).await.map_err(ApiError::of_session)?;
    Ok(found.items.into_iter().map(|brief| (brief.app_id, brief)).collect())
}

#[derive(Deserialize)]
struct Activities {
    items: Vec<Brief>,
}

/// A page of the grants to an app, newest first.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
    state: Option<GrantState>,
    cursor: Option<&str>,
) -> Result<AppGrants, ApiError> {
    let app = app.to_string();
    let mut query = vec![("app_id", app.as_str()), ("limit", "25")];
    query.extend(state.map(|state| ("state", state.as_str())));
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    let question = Question::new(Method::GET, super::with_query("/v1/grants", &query)).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// How an app's links and grants stand.
pub(crate) async fn activity(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
) -> Result<ConsentActivity, ApiError> {
    let path = format!("/v1/apps/{app}/consent-activity");
    let question = Question::new(Method::GET, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Activities>("ConsentActivities");
        answer::<Brief>("BriefConsents");
        answer::<AppGrants>("Page_GrantView");
        answer::<AppGrant>("GrantView");
        answer::<GrantedAccount>("GrantedAccount");
        answer::<ConsentActivity>("ConsentActivity");
    }
}
