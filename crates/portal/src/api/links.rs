//! `/v1/apps/{id}/consent-links` and `/v1/consent-links`

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::ids::{AppId, LinkId, PersonId};
use contract::secret::SessionToken;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// A consent link, without its token.
#[derive(Debug, Deserialize)]
pub(crate) struct Link {
    pub(crate) id: LinkId,
    pub(crate) app_id: AppId,
    /// For whom it is.
    pub(crate) label: Option<String>,
    /// The last characters of its token.
    pub(crate) hint: String,
    pub(crate) state: LinkState,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: PersonId,
    pub(crate) opened_at: Option<DateTime<Utc>>,
    /// When it was used, revoked, or expired.
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) passed_on_count: u32,
    pub(crate) granted_count: u32,
    pub(crate) already_granted_count: u32,
    /// For how many days the consents last that come of it, if fewer than the catalogue gives.
    pub(crate) grant_lifetime_days: Option<u32>,
    /// The first of the accounts that were chosen on it.
    #[serde(default)]
    pub(crate) accounts: Vec<LinkedAccount>,
    pub(crate) allowed: Vec<LinkOperation>,
}

/// What has become of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkState {
    Pending,
    Opened,
    Granted,
    Denied,
    Expired,
    Revoked,
}

/// What can be done with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkOperation {
    Revoke,
    /// Something that these pages do not know yet.
    #[serde(other)]
    Other,
}

/// A page of links.
#[derive(Debug, Deserialize)]
pub(crate) struct Links {
    pub(crate) items: Vec<Link>,
    pub(crate) next_cursor: Option<String>,
}

/// A link that was just made, with its address, unless that was told already.
#[derive(Deserialize)]
pub(crate) struct CreatedLink {
    #[serde(flatten)]
    pub(crate) link: Link,
    pub(crate) url: Option<String>,
}

/// What is asked for by a new link.
#[derive(Debug, Serialize)]
pub(crate) struct NewLink<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<&'a str>,
    /// As long as may be, unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_in_days: Option<u32>,
    /// As the catalogue says, unless it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) grant_lifetime_days: Option<u32>,
}

/// An account that was chosen on a link.
#[derive(Debug, Deserialize)]
pub(crate) struct LinkedAccount {
    pub(crate) name: Option<String>,
    /// Whether it had consented before.
    pub(crate) already_granted: bool,
}

/// A page of them.
#[derive(Debug, Deserialize)]
pub(crate) struct LinkedAccounts {
    pub(crate) items: Vec<LinkedAccount>,
    pub(crate) next_cursor: Option<String>,
}

/// A page of an app's links, newest first.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
    cursor: Option<&str>,
) -> Result<Links, ApiError> {
    let mut query = vec![("limit", "20")];
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    let path = super::with_query(&format!("/v1/apps/{app}/consent-links"), &query);
    let question = Question::new(Method::GET, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// A link of this app.
pub(crate) async fn get(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
    id: LinkId,
) -> Result<Link, ApiError> {
    let question = Question::new(Method::GET, format!("/v1/consent-links/{id}")).of(token);
    let link: Link = api.ask(browser, question).await.map_err(ApiError::of_session)?;
    if link.app_id == app { Ok(link) } else { Err(ApiError::not_found()) }
}

/// A page of the accounts that were chosen on a link.
pub(crate) async fn accounts(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: LinkId,
    cursor: Option<&str>,
) -> Result<LinkedAccounts, ApiError> {
    let query: Vec<_> = cursor.map(|cursor| ("cursor", cursor)).into_iter().collect();
    let path = super::with_query(&format!("/v1/consent-links/{id}/accounts"), &query);
    let question = Question::new(Method::GET, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Makes a link, once for each form.
pub(crate) async fn create(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    form: &str,
    app: AppId,
    link: &NewLink<'_>,
) -> Result<CreatedLink, ApiError> {
    let question = Question::new(Method::POST, format!("/v1/apps/{app}/consent-links")).of(token);
    let question = question.with(json!(link)).once(form);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Ends a link that was not used yet.
pub(crate) async fn revoke(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: LinkId,
) -> Result<(), ApiError> {
    let question = Question::new(Method::DELETE, format!("/v1/consent-links/{id}")).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Links>("Page_LinkView");
        answer::<Link>("LinkView");
        answer::<CreatedLink>("CreatedLink");
        answer::<LinkedAccounts>("Page_LinkedAccount");
        answer::<LinkedAccount>("LinkedAccount");
    }
}
