//! `POST /v1/apps/{id}/consent-links`

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use contract::AppId;
use contract::facts::ConsentLinkDetails;
use contract::rpc::AppState;
use contract::secret::LinkToken;
use contract::text::lines;
use serde::{Deserialize, Serialize};
use service::http::{Creation, Json, Path};
use service::{Attempt, Fault, FaultCode, Problem, Target};
use utoipa::ToSchema;

use super::link_view::{LinkView, Viewer};
use super::problems;
use crate::link::{self, Link, LinkDraft};
use crate::remote_services::RemoteServices;
use crate::store::apps::{self, Standing};
use crate::store::links;
use crate::{ConsentBroker, policy};

/// The most characters of a label.
const LONGEST_LABEL: usize = 255;

/// A link to be made.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewLink {
    /// What its maker calls it, such as the customer it is for.
    #[schema(max_length = 255)]
    pub(crate) label: Option<String>,
    /// After how many days it expires; 30 unless the installation says otherwise, which is also the most.
    #[schema(minimum = 1)]
    pub(crate) expires_in_days: Option<i64>,
    /// For how many days the consents last that come of it. As many as the catalogue says for the app's service
    /// unless it is given, which is also the most.
    #[schema(minimum = 1)]
    pub(crate) grant_lifetime_days: Option<i64>,
}

/// A link that was made, with its token: this once.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct CreatedLink {
    /// The link.
    #[serde(flatten)]
    pub(crate) link: LinkView,
    /// What to send to the account's owner. Null when an answer is repeated for an Idempotency-Key.
    pub(crate) url: Option<String>,
    /// The token in the URL. Null when an answer is repeated for an Idempotency-Key.
    pub(crate) token: Option<String>,
}

/// Make a consent link
///
/// Answers the link's URL, once: only a hash of its token is kept. It can be used once, and expires.
/// Needs an active app of an organization whose contact address is confirmed. An app has at most 10,000 links at a
/// time that can still be used, unless the installation says otherwise. Repeatable by an
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
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 403, description = "`role-not-allowed`", body = Problem),
        (status = 404, description = "No such app, or none of an organization of the caller's", body = Problem),
        (status = 409, description = "`app-not-active`, `organization-not-confirmed`, `too-many-open-links`", body = Problem),
        (status = 422, description = "The label is wrong, or the days: more than the installation or the catalogue allows", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!(["consent-link.created"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer"])),
    ),
)]
pub(crate) async fn create_link(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(app_id): Path<AppId>,
    Creation { body, idempotency }: Creation<NewLink>,
) -> Result<Response, Problem> {
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let app = remote.app(app_id).await?.ok_or_else(Problem::no_such::<AppId>)?;
    let role = attempt.role_in(app.organization_id).await?;
    let decision = policy::write_links(role, attempt.caller.operator);
    let target = Target::of(app_id, app.organization_id);
    let permit = attempt.permit("consent-link.create", target, decision).await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return Ok(answer);
    }

    let lifetime = link::lifetime(body.expires_in_days, broker.settings.link_lifetime_days)
        .map_err(|error| {
            let fault = Fault::new(FaultCode::OutOfRange, error.to_string());
            let fault = fault.with("min", 1).with("max", broker.settings.link_lifetime_days);
            Problem::invalid_field("expires_in_days", fault)
        })?;
    let label = lines(body.label.as_deref().unwrap_or_default(), LONGEST_LABEL)
        .map_err(|unfit| Problem::invalid_field("label", unfit))?;
    if app.state != AppState::Active {
        return Err(not_active(app.state));
    }
    let service = app.service.as_deref().unwrap_or_default();
    let lifetime_of_service = broker.resources.catalogue.consent_lifetime(service);
    let grant_lifetime_days = link::grant_lifetime(body.grant_lifetime_days, lifetime_of_service)
        .map_err(|error| {
        let fault = Fault::new(FaultCode::OutOfRange, error.to_string());
        let fault = fault.with("min", 1).with("max", error.longest_days);
        Problem::invalid_field("grant_lifetime_days", fault)
    })?;
    if !remote.organization(app.organization_id).await?.is_some_and(|known| known.confirmed) {
        return Err(not_confirmed());
    }
    let token = LinkToken::generate(&broker.resources.env);
    let draft = LinkDraft {
        id: broker.resources.env.new_id(),
        app_id,
        organization_id: app.organization_id,
        hint: token.hint().to_owned(),
        label,
        created_by: attempt.caller.person_id,
        lifetime,
        grant_lifetime_days,
    };
    let (link, fact) = Link::create(draft, broker.resources.env.now());

    let mut unit = permit.begin();
    let connection = unit.connection().await?;
    match apps::hold(connection, app_id, link.organization_id).await? {
        Standing::Open => {}
        Standing::Ended => return Err(not_active(AppState::Archived)),
        Standing::Unknown => return Err(problems::app_unknown()),
    }
    let limit = broker.settings.max_open_links_per_app;
    if links::count_usable_of_app(&mut *connection, app_id, link.created_at, limit).await? >= limit
    {
        return Err(too_many(limit));
    }
    links::insert(connection, &link, &token.hash()).await?;
    let details = ConsentLinkDetails { label: link.label.clone() };
    unit.record_with(link.id.uuid(), link.version, &fact, &details)?;
    let (person_id, operator) = (attempt.caller.person_id, attempt.caller.operator);
    let viewer = Viewer { person_id, role, operator };
    let view = LinkView::of(&link, viewer, link.created_at, &BTreeMap::new());
    let mut answer = CreatedLink { link: view, url: None, token: None };
    let location = format!("/v1/consent-links/{}", link.id);
    unit.remember(idempotency.record(&location, None, &answer));
    unit.commit().await?;

    // Only now, and only here: what is remembered has no secret.
    answer.url = Some(broker.settings.url_prefix() + token.reveal());
    answer.token = Some(token.reveal().to_owned());
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(answer)).into_response())
}

fn not_active(state: AppState) -> Problem {
    Problem::conflict(
        "app-not-active",
        format!("The app is {state}; only an active app has consent links."),
    )
}

fn too_many(limit: i64) -> Problem {
    Problem::conflict(
        "too-many-open-links",
        format!(
            "The app has as many links that nobody has used yet as it may have: {limit}. Revoke some, or wait until they are used or expire."
        ),
    )
}

fn not_confirmed() -> Problem {
    Problem::conflict(
        "organization-not-confirmed",
        "The organization's contact address is not confirmed yet.",
    )
}
