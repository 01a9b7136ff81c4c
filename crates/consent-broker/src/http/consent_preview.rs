//! `GET /v1/apps/{id}/consent-preview`

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use contract::AppId;
use contract::catalogue::ConsentLifetime;
use contract::facts::{AskedDomain, AskedService};
use contract::rpc::{AppView, OrganizationView};
use serde::Serialize;
use service::http::{Json, Path, Query, in_language};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use super::consent_language::WantedLanguage;
use super::consent_page::{Asker, AskingApp};
use super::request;
use crate::consent_text::ConsentText;
use crate::remote_services::RemoteServices;
use crate::{ConsentBroker, policy};

/// What an account owner would be shown of an app, before their accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentPreview {
    /// Who asks.
    organization: Asker,
    /// The app.
    app: AskingApp,
    /// The service whose accounts it is about.
    service: AskedService,
    /// What the app wants to do: all of it or nothing.
    domains: Vec<AskedDomain>,
    /// How long a consent lasts.
    duration: String,
    /// The same as a number of days from the approval on, unless a link asks for less; null if a consent does not end
    /// by itself.
    lifetime_days: Option<u16>,
    /// How it can be ended.
    how_to_end: String,
    /// The language of all words (BCP 47).
    language: String,
}

/// Preview the request for consent of an app
///
/// The app as it would be shown to an account owner at this moment, in the same words: for drafts, before they are
/// activated and can never change again. It needs a service and at least one domain.
#[utoipa::path(
    get,
    path = "/v1/apps/{id}/consent-preview",
    operation_id = "previewConsent",
    tag = "consent requests",
    security(("api_token" = [])),
    params(
        ("id" = AppId, Path, description = "The app"),
        WantedLanguage,
        ("Accept-Language" = Option<String>, Header, description = "The languages that are preferred (RFC 9110 section 12.5.4)"),
    ),
    responses(
        (status = 200, description = "What would be shown", body = ConsentPreview, headers(("Content-Language" = String))),
        (status = 401, description = "No API token or session, or none that is valid", body = Problem),
        (status = 404, description = "No such app, or none of an organization of the caller's", body = Problem),
        (status = 409, description = "`app-without-domains`: no service is chosen, or no domain", body = Problem),
        (status = 422, description = "A parameter is wrong; `errors` names it", body = Problem),
    ),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(crate) async fn consent_preview(
    State(broker): State<Arc<ConsentBroker>>,
    attempt: Attempt,
    Path(app_id): Path<AppId>,
    Query(wanted): Query<WantedLanguage>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let remote = RemoteServices::of(&broker, &attempt.facts);
    let app = remote.app(app_id).await?.ok_or_else(Problem::no_such::<AppId>)?;
    let role = attempt.role_in(app.organization_id).await?;
    let decision = policy::read_links(role, attempt.caller.operator);
    let target = Target::of(app_id, app.organization_id);
    let _permit = attempt.permit("app.preview-consent", target, decision).await?;
    let service = match &app.service {
        Some(service) if !app.domains.is_empty() => service,
        _ => return Err(without_domains()),
    };
    let organization = request::asking_organization(&remote, app.organization_id).await?;
    let catalogue = &broker.resources.catalogue;
    let words = wanted.words(&headers, catalogue);
    let lifetime = catalogue.consent_lifetime(service);
    let text = ConsentText::of(catalogue, &app, &organization, service, words, lifetime);
    let preview = ConsentPreview::of(&app, organization, text, lifetime);
    Ok(in_language(words.language, Json(preview)))
}

impl ConsentPreview {
    fn of(
        app: &AppView,
        organization: OrganizationView,
        text: ConsentText,
        lifetime: ConsentLifetime,
    ) -> Self {
        Self {
            organization: Asker::of(organization, text.organization_name),
            app: AskingApp::of(app, text.app_name, text.app_description),
            service: text.service,
            domains: text.domains,
            duration: text.duration,
            lifetime_days: lifetime.days(),
            how_to_end: text.how_to_end.to_owned(),
            language: text.language.to_owned(),
        }
    }
}

fn without_domains() -> Problem {
    Problem::conflict(
        "app-without-domains",
        "The app asks for nothing yet: choose a service and at least one domain.",
    )
}
