//! `POST /v1/apps/{id}/consent-links`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use contract::facts::ConsentLinkCreated;
use contract::rpc::{AppState, AppView};
use contract::secret::LinkToken;
use contract::{AppId, Version};
use serde::{Deserialize, Serialize};
use service::http::{Creation, Json, Path};
use service::{Caller, Problem, RequestFacts};
use utoipa::ToSchema;

use super::Attempt;
use super::link_view::LinkView;
use crate::link::{self, Link, LinkState};
use crate::neighbours::Neighbours;
use crate::store::{apps, links};
use crate::{ConsentBroker, policy};

/// The most characters of a label.
const LONGEST_LABEL: usize = 255;

/// A link to be made.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewLink {
    /// What its maker calls it, such as the customer it is for.
    #[schema(max_length = 255)]
    pub label: Option<String>,
    /// After how many days it expires; 30 unless the installation says otherwise, which is also the most.
    #[schema(minimum = 1)]
    pub expires_in_days: Option<i64>,
}

/// A link that was made, with its token: this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CreatedLink {
    /// The link.
    #[serde(flatten)]
    pub link: LinkView,
    /// What to send to the account's owner. Null when an answer is repeated for an Idempotency-Key.
    pub url: Option<String>,
    /// The token in the URL. Null when an answer is repeated for an Idempotency-Key.
    pub token: Option<String>,
}

/// Make a consent link
///
/// Answers the link's URL, once: only a hash of its token is kept. It can be used once, and expires.
/// Needs an active app of an organization whose contact address is confirmed. Repeatable by an
/// `Idempotency-Key`; a repeated answer has no URL.
#[utoipa::path(
    post,
    path = "/v1/apps/{id}/consent-links",
    operation_id = "createConsentLink",
    tag = "consent links",
    security(("api_token" = [])),
    params(
        ("id" = AppId, Path, description = "The app"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request repeatable for a day"),
    ),
    request_body = NewLink,
    responses(
        (status = 201, description = "The link", body = CreatedLink),
        (status = 401, description = "No API token, or none that is valid", body = Problem),
        (status = 403, description = "`role-not-allowed`", body = Problem),
        (status = 404, description = "No such app, or none of an organization of the caller's", body = Problem),
        (status = 409, description = "`app-not-active`, `organization-not-confirmed`", body = Problem),
        (status = 422, description = "The label or the days are wrong", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!(["consent-link.created"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub async fn create_link(
    State(broker): State<Arc<ConsentBroker>>,
    caller: Caller,
    facts: RequestFacts,
    Path(app_id): Path<AppId>,
    Creation { body, idempotency }: Creation<NewLink>,
) -> Result<Response, Problem> {
    if let Some(answer) = idempotency.replay(&broker.resources).await? {
        return Ok(answer);
    }
    let missing = "There is no such app.";
    let neighbours = Neighbours::of(&broker, &facts);
    let app =
        neighbours.app(app_id).await?.ok_or_else(|| Problem::not_found("not-found", missing))?;
    let access = policy::write_links(caller.role_in(app.organization_id), caller.operator);
    let (target, organization) = (format!("app/{app_id}"), Some(app.organization_id));
    let attempt = Attempt {
        operation: "consent-link.create",
        target,
        organization,
        caller: &caller,
        facts: &facts,
    };
    let authority = attempt.demand(&broker, access, missing).await?;

    let token = LinkToken::generate(&broker.resources.env);
    let link = draft(&broker, &caller, &app, &token, body)?;
    if app.state != AppState::Active {
        return Err(not_active(app.state));
    }
    if !neighbours
        .organization(app.organization_id)
        .await?
        .is_some_and(|organization| organization.confirmed)
    {
        return Err(Problem::conflict(
            "organization-not-confirmed",
            "The organization's contact address is not confirmed yet.",
        ));
    }

    let view = LinkView::of(&link, link.created_at, &BTreeMap::new());
    let mut answer = CreatedLink { link: view, url: None, token: None };
    let location = format!("/v1/consent-links/{}", link.id);
    let mut unit =
        broker.resources.events.begin(&facts.provenance(caller.actor(), authority, organization));
    let connection = unit.connection().await?;
    if !apps::hold(connection, app.id, app.organization_id).await? {
        return Err(not_active(AppState::Archived));
    }
    links::insert(connection, &link, &token.hash()).await?;
    let fact = ConsentLinkCreated { link_id: link.id, app_id: app.id, expires_at: link.expires_at };
    unit.record(link.id.uuid(), link.version, &fact)?;
    unit.remember(idempotency.record(StatusCode::CREATED, Some(&location), &answer));
    unit.commit().await?;

    let base = broker.settings.public_base_url.trim_end_matches('/');
    answer.url = Some(format!("{base}/consent/{}", token.reveal()));
    answer.token = Some(token.reveal().to_owned());
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(answer)).into_response())
}

fn draft(
    broker: &ConsentBroker,
    caller: &Caller,
    app: &AppView,
    token: &LinkToken,
    wish: NewLink,
) -> Result<Link, Problem> {
    let lifetime = link::lifetime(wish.expires_in_days, broker.settings.link_lifetime_days)
        .map_err(|error| Problem::invalid_field("expires_in_days", error.to_string()))?;
    let label = wish.label.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty());
    if label
        .as_ref()
        .is_some_and(|label| label.chars().count() > LONGEST_LABEL || label.contains('\0'))
    {
        return Err(Problem::invalid_field(
            "label",
            format!("has at most {LONGEST_LABEL} characters, none of them NUL"),
        ));
    }
    let created_at = broker.resources.env.now();
    Ok(Link {
        id: broker.resources.env.new_id(),
        app_id: app.id,
        organization_id: app.organization_id,
        hint: token.hint().to_owned(),
        label,
        created_by: caller.person_id,
        created_at,
        expires_at: created_at + lifetime,
        opened_at: None,
        state: LinkState::Pending,
        version: Version::FIRST,
    })
}

fn not_active(state: AppState) -> Problem {
    Problem::conflict(
        "app-not-active",
        format!("The app is {state}; only an active app has consent links."),
    )
}
