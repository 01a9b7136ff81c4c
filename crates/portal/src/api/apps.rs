//! `/v1/apps`

use axum::http::{HeaderValue, Method};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::catalogue::{DomainLevel, Level};
use contract::ids::{AppId, OrganizationId, RedirectUriId};
use contract::rpc::{AppState, AuthenticationMethod, EventPlace};
use contract::secret::SessionToken;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// An app, as its organization sees it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct App {
    pub(crate) id: AppId,
    pub(crate) organization_id: OrganizationId,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) has_image: bool,
    pub(crate) authentication_method: AuthenticationMethod,
    pub(crate) service: Option<String>,
    pub(crate) domains: Vec<DomainLevel>,
    pub(crate) scopes: Vec<String>,
    /// Whether whoever asks for an authorization code must send a code challenge; none, where there are no such codes.
    pub(crate) pkce_required: Option<bool>,
    pub(crate) state: AppState,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) activated_at: Option<DateTime<Utc>>,
    /// What the person may do with it now.
    pub(crate) allowed: Vec<AppOperation>,
}

impl App {
    /// Whether authorization codes are sent to it.
    pub(crate) fn has_redirect_uris(&self) -> bool {
        self.authentication_method == AuthenticationMethod::AuthorizationCode
    }
}

/// An address to which an app's authorization codes may be sent.
#[derive(Debug, Deserialize)]
pub(crate) struct RedirectUri {
    pub(crate) id: RedirectUriId,
    pub(crate) uri: String,
}

/// An app with what only its own page shows.
#[derive(Debug, Deserialize)]
pub(crate) struct AppInFull {
    #[serde(flatten)]
    pub(crate) app: App,
    /// Where its authorization codes may be sent, in the order in which they were added.
    #[serde(default)]
    pub(crate) redirect_uris: Vec<RedirectUri>,
    /// Where in the log it was activated, or of a draft, where it was made; none while the log cannot tell.
    pub(crate) record: Option<EventPlace>,
}

/// What can be done with an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AppOperation {
    /// Its draft can be changed.
    Edit,
    /// Its draft can be activated.
    Activate,
    /// It can have another key.
    CreateKey,
    /// It can ask for consent by another link.
    CreateLink,
    Suspend,
    Resume,
    Archive,
    AddRedirectUri,
    RemoveRedirectUri,
    ChangePkce,
    /// Its draft can have another picture.
    PutImage,
    /// Its draft's picture can be removed.
    RemoveImage,
    /// Something that these pages do not offer, or do not know yet.
    #[serde(other)]
    Other,
}

/// What an account owner would be shown of a draft.
#[derive(Debug, Deserialize)]
pub(crate) struct Preview {
    pub(crate) organization: Asker,
    pub(crate) service: AskedService,
    pub(crate) domains: Vec<AskedDomain>,
    /// For how many days from the approval on; for ever, if there is none.
    pub(crate) lifetime_days: Option<u32>,
}

/// Who asks.
#[derive(Debug, Deserialize)]
pub(crate) struct Asker {
    pub(crate) name: String,
}

/// Whose accounts it is about.
#[derive(Debug, Deserialize)]
pub(crate) struct AskedService {
    pub(crate) title: String,
}

/// What is asked for, in plain words.
#[derive(Debug, Deserialize)]
pub(crate) struct AskedDomain {
    pub(crate) title: String,
    pub(crate) level: Level,
    pub(crate) descriptions: Vec<String>,
}

/// What is typed of a new app.
#[derive(Debug, Serialize)]
pub(crate) struct NewApp<'a> {
    /// May be left out by whoever may make apps in exactly one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) organization_id: Option<OrganizationId>,
    pub(crate) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<&'a str>,
    pub(crate) authentication_method: AuthenticationMethod,
}

/// What is typed anew of a draft.
#[derive(Debug, Serialize)]
pub(crate) struct Details<'a> {
    pub(crate) name: &'a str,
    /// None removes it.
    pub(crate) description: Option<&'a str>,
}

/// A page of apps.
#[derive(Debug, Deserialize)]
pub(crate) struct Apps {
    pub(crate) items: Vec<App>,
    pub(crate) next_cursor: Option<String>,
}

/// A page of an organization's apps, newest first.
pub(crate) async fn list(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    organization: OrganizationId,
    cursor: Option<&str>,
) -> Result<Apps, ApiError> {
    let organization = organization.to_string();
    let mut query = vec![("organization_id", organization.as_str()), ("limit", "60")];
    query.extend(cursor.map(|cursor| ("cursor", cursor)));
    let path = super::with_query("/v1/apps", &query);
    let question = Question::new(Method::GET, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// An app's picture: its media type and bytes.
pub(crate) async fn image(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
) -> Result<(HeaderValue, Bytes), ApiError> {
    let question = Question::new(Method::GET, format!("/v1/apps/{id}/image")).of(token);
    api.bytes(browser, question).await.map_err(ApiError::of_session)
}

/// Gives a draft this picture.
pub(crate) async fn put_image(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
    file: Bytes,
) -> Result<(), ApiError> {
    let question = Question::new(Method::PUT, format!("/v1/apps/{id}/image")).of(token);
    api.tell(browser, question.with_file(file)).await.map_err(ApiError::of_session)
}

/// Removes a draft's picture.
pub(crate) async fn remove_image(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
) -> Result<(), ApiError> {
    let question = Question::new(Method::DELETE, format!("/v1/apps/{id}/image")).of(token);
    api.tell(browser, question).await.map_err(ApiError::of_session)
}

/// An app.
pub(crate) async fn get(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
) -> Result<App, ApiError> {
    let question = Question::new(Method::GET, format!("/v1/apps/{id}")).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// An app, with its redirect URIs and its place in the log.
pub(crate) async fn in_full(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
) -> Result<AppInFull, ApiError> {
    let path = super::with_query(&format!("/v1/apps/{id}"), &[("with", "redirect_uris,record")]);
    let question = Question::new(Method::GET, path).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Makes an app, once for each key.
pub(crate) async fn create(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    key: &str,
    app: &NewApp<'_>,
) -> Result<App, ApiError> {
    let question = Question::new(Method::POST, "/v1/apps").of(token).with(json!(app)).once(key);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Changes some fields of a draft.
pub(crate) async fn change(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
    fields: impl Serialize,
) -> Result<App, ApiError> {
    let fields = serde_json::to_value(fields).map_err(ApiError::ours)?;
    let question = Question::new(Method::PATCH, format!("/v1/apps/{id}")).of(token).with(fields);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// A draft, and how account owners would see it.
pub(crate) async fn with_preview(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
) -> Result<(App, Preview), ApiError> {
    let preview = Question::new(Method::GET, format!("/v1/apps/{id}/consent-preview")).of(token);
    let preview = async { api.ask(browser, preview).await.map_err(ApiError::of_session) };
    futures::try_join!(get(api, browser, token, id), preview)
}

/// What an app's life can be changed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    Suspend,
    Resume,
    Archive,
}

/// Suspends, resumes or archives an app.
pub(crate) async fn change_state(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
    transition: Transition,
) -> Result<App, ApiError> {
    let word = match transition {
        Transition::Suspend => "suspend",
        Transition::Resume => "resume",
        Transition::Archive => "archive",
    };
    let question = Question::new(Method::POST, format!("/v1/apps/{id}/{word}")).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

/// Activates a draft.
pub(crate) async fn activate(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
) -> Result<App, ApiError> {
    let question = Question::new(Method::POST, format!("/v1/apps/{id}/activate")).of(token);
    api.ask(browser, question).await.map_err(ApiError::of_session)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::documented::answer;

    #[test]
    fn is_documented() {
        answer::<App>("App");
        answer::<AppInFull>("AppWith");
        answer::<Preview>("ConsentPreview");
        answer::<Apps>("Page_App");
    }
}
