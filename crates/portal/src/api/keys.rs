//! `/v1/apps/{id}/keys` and `/v1/keys`

use std::collections::BTreeMap;

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::ids::{AppId, ClientId};
use contract::secret::SessionToken;
use serde::Deserialize;
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// A key.
#[derive(Debug, Deserialize)]
pub(crate) struct Key {
    pub(crate) client_id: ClientId,
    pub(crate) app_id: AppId,
    pub(crate) name: String,
    /// The last characters of its secret.
    pub(crate) hint: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
    /// When somebody reported that they had found its secret.
    pub(crate) leaked_at: Option<DateTime<Utc>>,
    pub(crate) state: KeyState,
    pub(crate) trouble: Option<KeyTrouble>,
    /// What the person may do with it now.
    pub(crate) allowed: Vec<KeyOperation>,
}

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyState {
    /// It works.
    Live,
    /// It was deleted, and works for a while yet.
    Ending,
    /// It works no more.
    Deleted,
    /// It reached its expiry.
    Expired,
}

/// What is wrong with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyTrouble {
    EndsSoon,
    /// Something that these pages do not know yet.
    #[serde(other)]
    Other,
}

/// What can be done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyOperation {
    Rename,
    Replace,
    Delete,
    /// Something that these pages do not know yet.
    #[serde(other)]
    Other,
}

/// A page of an app's keys, those that ended included.
#[derive(Debug, Deserialize)]
pub(crate) struct Keys {
    pub(crate) items: Vec<Key>,
    pub(crate) next_cursor: Option<String>,
    /// On all pages.
    pub(crate) counts: KeyCounts,
}

/// A key that was just made, with its secret, unless it was told already.
#[derive(Deserialize)]
pub(crate) struct CreatedKey {
    #[serde(flatten)]
    pub(crate) key: Key,
    pub(crate) client_secret: Option<String>,
}

/// A key that was just made in the place of another.
#[derive(Deserialize)]
pub(crate) struct ReplacedKey {
    #[serde(flatten)]
    pub(crate) created: CreatedKey,
    /// The old one, with its end.
    pub(crate) replaced: Key,
}

/// What an app gets of its keys, and how its links and grants stand.
#[derive(Debug, Deserialize)]
pub(crate) struct Activity {
    pub(crate) keys: KeyCounts,
    pub(crate) last_token_at: Option<DateTime<Utc>>,
    pub(crate) refusals: Refusals,
    consents: Option<Consents>,
}

impl Activity {
    /// How its links and grants stand.
    pub(crate) fn consents(&self) -> Result<Consents, ApiError> {
        self.consents.ok_or_else(|| ApiError::Unavailable("an app's consents".to_owned()))
    }
}

/// How an app's links and grants stand.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Consents {
    pub(crate) open_links: u64,
    pub(crate) live_grants: u64,
    /// Whether there are more than were counted.
    pub(crate) more_grants: bool,
    /// Within 30 days.
    pub(crate) grants_ending_soon: u64,
}

/// How many keys an app has, of those that it may have.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct KeyCounts {
    pub(crate) live: u32,
    pub(crate) most: u32,
    /// Within 30 days.
    pub(crate) ending_soon: u32,
}

/// Requests for tokens that were refused within a day.
#[derive(Debug, Deserialize)]
pub(crate) struct Refusals {
    pub(crate) count: u64,
}

/// A page of an app's keys, newest first.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
    cursor: Option<&str>,
) -> Result<Keys, ApiError> {
    let mut query = vec![("limit", "200")];
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    let path = super::with_query(&format!("/v1/apps/{app}/keys"), &query);
    let question = Question::new(Method::GET, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// A key of this app.
pub(crate) async fn find(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
    id: ClientId,
) -> Result<Key, ApiError> {
    let question = Question::new(Method::GET, format!("/v1/keys/{id}")).of(token);
    let key: Key = api.ask(browser, question).await.map_err(ApiError::of_session)?;
    if key.app_id == app { Ok(key) } else { Err(ApiError::not_found()) }
}

/// How an app uses its keys.
pub(crate) async fn activity(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    app: AppId,
) -> Result<Activity, ApiError> {
    let question = Question::new(Method::GET, format!("/v1/apps/{app}/activity")).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// How many keys an app has, when it last got a token, and how many accounts consented to it.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Brief {
    app_id: AppId,
    pub(crate) live_keys: u64,
    pub(crate) last_token_at: Option<DateTime<Utc>>,
    /// None while that cannot be told.
    pub(crate) consents: Option<GrantedAccounts>,
}

/// How many accounts consented to an app.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct GrantedAccounts {
    pub(crate) live_grants: u64,
    /// Whether there are more than were counted.
    pub(crate) more_grants: bool,
}

/// The same of each of these apps that was ever activated.
pub(crate) async fn activities(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    apps: &[AppId],
) -> Result<BTreeMap<AppId, Brief>, ApiError> {
    if apps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let question = Question::new(Method::POST, "/v1/apps/activity").of(token);
    let question = question.with(json!({ "ids": apps }));
    let found: Activities = api.ask(browser, question).await.map_err(ApiError::of_session)?;
    Ok(found.items.into_iter().map(|brief| (brief.app_id, brief)).collect())
}

#[derive(Deserialize)]
struct Activities {
    items: Vec<Brief>,
}

/// Makes a key, once for each form.
pub(crate) async fn create(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    form: &str,
    app: AppId,
    (name, expires_at): (&str, Option<DateTime<Utc>>),
) -> Result<CreatedKey, ApiError> {
    let question = Question::new(Method::POST, format!("/v1/apps/{app}/keys")).of(token);
    let body = json!({ "name": name, "expires_at": expires_at });
    let question = question.with(body).once(form);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Makes a key in the place of another, once for each form. The old one ends when `old_ends` says: `grace`, `now`, or a
/// time.
pub(crate) async fn replace(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    form: &str,
    id: ClientId,
    (old_ends, expires_at): (&str, Option<DateTime<Utc>>),
) -> Result<ReplacedKey, ApiError> {
    let question = Question::new(Method::POST, format!("/v1/keys/{id}/replace")).of(token);
    let body = json!({ "old_ends": old_ends, "expires_at": expires_at });
    let question = question.with(body).once(form);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Gives a key another name.
pub(crate) async fn rename(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: ClientId,
    name: &str,
) -> Result<Key, ApiError> {
    let question = Question::new(Method::PATCH, format!("/v1/keys/{id}")).of(token);
    let question = question.with(json!({ "name": name }));
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Deletes a key: at once, or so that it works for some minutes yet.
pub(crate) async fn delete(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: ClientId,
    now: bool,
) -> Result<Key, ApiError> {
    let path = super::with_query(&format!("/v1/keys/{id}"), &[("now", &now.to_string())]);
    let question = Question::new(Method::DELETE, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<Activities>("AppActivities");
        answer::<Brief>("BriefAppActivity");
        answer::<Keys>("KeyPage");
        answer::<Key>("Key");
        answer::<CreatedKey>("CreatedKey");
        answer::<ReplacedKey>("ReplacedKey");
        answer::<Activity>("AppActivity");
        answer::<KeyCounts>("KeyCounts");
        answer::<Consents>("ConsentCounts");
        answer::<GrantedAccounts>("GrantedAccounts");
        answer::<Refusals>("TokenRefusals");
    }
}
