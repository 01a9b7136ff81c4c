//! `GET /v1/me/accounts`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri, State};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use contract::catalogue::DomainLevel;
use contract::rpc::{AccountKind, AuthenticatedApp, NamedAccount};
use contract::{AccountId, Actor, GrantId};
use serde::{Deserialize, Serialize};
use service::authentication::bearer;
use service::http::{Page, PageQuery, Query};
use service::{Problem, RequestFacts};
use utoipa::ToSchema;

use super::problems;
use crate::ConsentBroker;
use crate::as_of::AsOf;
use crate::remote_services::RemoteServices;
use crate::store::apps::{self, Standing};
use crate::store::{app_activity, grants};

/// An account that the app may act on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MyAccount {
    /// The account.
    pub(crate) id: AccountId,
    /// Its name.
    pub(crate) name: Option<String>,
    /// Whose it is.
    pub(crate) kind: Option<AccountKind>,
    /// The catalogue's service.
    pub(crate) service: String,
    /// What the app may do with it.
    pub(crate) domains: Vec<DomainLevel>,
    /// From when the app reaches it no more unless the consent is renewed; null if it does not end by itself.
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// The app that calls, proved by its own access token. As an extractor it answers 401 to all others.
#[derive(Debug)]
pub(crate) struct CallingApp(AuthenticatedApp);

impl FromRequestParts<Arc<ConsentBroker>> for CallingApp {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        broker: &Arc<ConsentBroker>,
    ) -> Result<Self, Problem> {
        let facts = RequestFacts::from_request_parts(parts, broker).await?;
        let token = bearer(parts).ok_or_else(|| {
            Problem::unauthorized(
                "unauthenticated",
                "This needs the app's access token, as `Authorization: Bearer …`.",
            )
        })?;
        let app =
            RemoteServices::of(broker, &facts).authenticate_app(token).await?.ok_or_else(|| {
                let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
                let detail = "The access token is forged or expired, or its app may not act.";
                Problem::new(StatusCode::UNAUTHORIZED, "invalid-token", detail)
                    .with_header(WWW_AUTHENTICATE, challenge)
            })?;
        facts.proved_to_be(Actor::App(app.app_id));
        Ok(Self(app))
    }
}

/// List the accounts that the app's token reaches
///
/// Called by the app itself, with its access token from `/oauth2/token`. Read from the live grants at
/// each call, so that a revocation counts at once, and an expiry from its very moment.
#[utoipa::path(
    get,
    path = "/v1/me/accounts",
    operation_id = "listMyAccounts",
    tag = "apps themselves",
    security(("api_token" = [])),
    params(PageQuery),
    responses(
        (status = 200, description = "A page of accounts, in the order in which they consented", body = Page<MyAccount>),
        (status = 401, description = "No access token, or none that is valid", body = Problem),
        (status = 422, description = "The limit or the cursor is wrong", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["app"])),
    ),
)]
pub(crate) async fn my_accounts(
    State(broker): State<Arc<ConsentBroker>>,
    CallingApp(app): CallingApp,
    facts: RequestFacts,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<PageQuery>,
) -> Result<Response, Problem> {
    let after = query.after::<GrantId>()?;
    let pool = &broker.resources.pool;
    let rows = match apps::standing(pool, app.app_id).await? {
        Standing::Open => {
            let as_of = AsOf::now(&broker.resources);
            app_activity::note(pool, app.app_id, as_of.now).await?;
            grants::live_of_app(pool, app.app_id, after, query.rows(), as_of).await?
        }
        // Its grants end with it, some at a time; none counts any more.
        Standing::Ended => Vec::new(),
        Standing::Unknown => return Err(problems::app_unknown()),
    };
    let page = Page::of_rows(rows, &query, |grant| grant.id)?;
    let ids = page.items.iter().map(|grant| grant.account_id).collect();
    let named = RemoteServices::of(&broker, &facts).accounts(ids).await?;
    let named: BTreeMap<AccountId, NamedAccount> =
        named.into_iter().map(|account| (account.account_id, account)).collect();
    let accounts = page.map(|grant| {
        let known = named.get(&grant.account_id);
        MyAccount {
            id: grant.account_id,
            name: known.map(|account| account.name.clone()),
            kind: known.map(|account| account.kind),
            service: grant.service,
            domains: grant.domains,
            expires_at: grant.expires_at,
        }
    });
    Ok(accounts.into_response_for(&uri))
}
