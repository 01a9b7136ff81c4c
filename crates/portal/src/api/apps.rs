//! `/v1/apps`

use axum::http::{HeaderValue, Method};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::ids::{AppId, OrganizationId};
use contract::rpc::{AppState, AuthenticationMethod};
use contract::secret::SessionToken;
use serde::Deserialize;

use super::{Api, ApiError, Question};
use crate::browser::Browser;

/// An app, as its organization sees it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct App {
    pub(crate) id: AppId,
    pub(crate) name: String,
    pub(crate) has_image: bool,
    pub(crate) authentication_method: AuthenticationMethod,
    pub(crate) service: Option<String>,
    pub(crate) state: AppState,
    pub(crate) created_at: DateTime<Utc>,
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
