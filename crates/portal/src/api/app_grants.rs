//! `/v1/grants`, as an app's organization reads it.

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::catalogue::DomainLevel;
use contract::ids::{AccountId, AppId};
use contract::secret::SessionToken;
use serde::Deserialize;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<AppGrants>("Page_GrantView");
        answer::<AppGrant>("GrantView");
        answer::<GrantedAccount>("GrantedAccount");
    }
}
