//! `GET /v1/consent-requests/{token}`

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use service::http::page::MAX_LIMIT;
use service::http::{Json, PageQuery, Path, Query, in_language};
use service::{Attempt, Permit, Problem, Target};

use super::consent_language::WantedLanguage;
use super::consent_page::ConsentPage;
use super::matching_accounts;
use super::request;
use super::selectable_accounts::{self, Seen};
use crate::consent_text::ConsentText;
use crate::link::Link;
use crate::remote_services::RemoteServices;
use crate::store::links;
use crate::{ConsentBroker, policy};

/// Look at a request for consent
///
/// Who asks, for what, and the accounts of the service that the caller sees, each with whether it can
/// be chosen and why not: the first 200, in the order in which they were created; and how many there are of which.
/// The others are there, and there they can be searched: `/v1/consent-requests/{token}/accounts`. Looking never uses
/// the link up. The first look by someone who is not a
/// member of the organization that asks marks the link as opened.
#[utoipa::path(
    get,
    path = "/v1/consent-requests/{token}",
    operation_id = "openConsentRequest",
    tag = "consent requests",
    security(("api_token" = [])),
    params(
        ("token" = String, Path, description = "The token in the link's URL"),
        WantedLanguage,
        ("Accept-Language" = Option<String>, Header, description = "The languages that are preferred (RFC 9110 section 12.5.4)"),
    ),
    responses(
        (status = 200, description = "What is asked for", body = ConsentPage, headers(("Content-Language" = String))),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 404, description = "No such request", body = Problem),
        (status = 409, description = "`link-already-used`: it says when; `app-not-active`", body = Problem),
        (status = 410, description = "`link-expired`, `link-revoked`", body = Problem),
        (status = 422, description = "A parameter is wrong; `errors` names it", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([{"event": "consent-link.opened", "if": "it is the first look"}])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(crate) async fn open_request(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(token): Path<String>,
    Query(wanted): Query<WantedLanguage>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let link = request::find(&broker, &token).await?;
    let target = Target::of(link.id, link.organization_id);
    let permit = attempt.permit("consent-request.open", target, policy::HOLDER_OF_LINK).await?;
    link.usable(broker.resources.env.now())?;
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let (app, service) = request::asking_app(&broker, &remote, &link).await?;
    let catalogue = &broker.resources.catalogue;
    let seen = Seen { person_id: attempt.caller.person_id, app_id: app.id, service: &service };
    let first = PageQuery { limit: Some(MAX_LIMIT), cursor: None };
    let nobody = BTreeSet::new();
    let (organization, accounts, matched) = tokio::try_join!(
        request::asking_organization(&remote, app.organization_id),
        selectable_accounts::page(&broker, &remote, seen, None, &first),
        matching_accounts::find(&broker, &remote, seen, None, &nobody),
    )?;

    // Last: a look that failed has shown nothing to anyone.
    let link = opened(&broker, &attempt, &permit, link).await?;
    let words = wanted.words(&headers, catalogue);
    let lifetime = request::lifetime(catalogue, &link, &service);
    let text = ConsentText::of(catalogue, &app, &organization, &service, words, lifetime);
    let now = broker.resources.env.now();
    let accounts = (accounts, (&matched).into());
    let page = ConsentPage::of(&link, now, &app, organization, text, lifetime, accounts);
    Ok(in_language(words.language, Json(page)))
}

/// Opens the link, if this is the first opening that counts, and gives it as it is now.
async fn opened(
    broker: &ConsentBroker,
    attempt: &Attempt,
    permit: &Permit,
    link: Link,
) -> Result<Link, Problem> {
    let by_its_makers = attempt.role_in(link.organization_id).await?.is_some();
    let by = attempt.caller.person_id;
    let open = |link: &Link| link.open(by, by_its_makers, broker.resources.env.now());
    if open(&link)?.is_none() {
        return Ok(link);
    }
    let mut unit = permit.begin();
    let link =
        links::lock(unit.connection().await?, link.id).await?.ok_or_else(request::unknown)?;
    // Decided again under the lock: someone else may have been first, or have used it.
    let Some((link, fact)) = open(&link)? else {
        return Ok(link);
    };
    links::save(unit.connection().await?, &link).await?;
    unit.record(link.id.uuid(), link.version, &fact)?;
    unit.commit().await?;
    Ok(link)
}
