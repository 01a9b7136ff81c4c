//! POST /v1/organizations

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::LOCATION;
use axum::response::Response;
use contract::rpc::{MemberRole, OrganizationKind};
use contract::{OrganizationId, PersonId};
use serde::Deserialize;
use service::http::Creation;
use service::{Attempt, Fault, FaultCode, Problem, Target};
use utoipa::ToSchema;

use super::OrganizationAnswer;
use crate::language::Language;
use crate::membership::Membership;
use crate::organization::Organization;
use crate::policy::OrganizationAction;
use crate::profile::{Profile, RawProfile};
use crate::{Directory, confirming, policy, store};

/// An organization to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CreateOrganization {
    /// Its name.
    #[schema(example = "Example Apps", min_length = 1, max_length = 200)]
    name: String,
    /// What kind it is.
    kind: OrganizationKind,
    /// Where it can be reached. A link that is mailed there confirms it.
    #[schema(example = "contact@example.com", format = "email", max_length = 254)]
    contact_email: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "FR", pattern = "^[A-Z]{2}$")]
    country: String,
    /// An http or https URL.
    #[serde(default)]
    #[schema(format = "uri", max_length = 2048)]
    website: Option<String>,
    /// At most 255 characters.
    #[serde(default)]
    #[schema(max_length = 255)]
    description: Option<String>,
    /// In which language it writes to people who have chosen none; English, if left out.
    #[serde(default)]
    language: Language,
    /// Who becomes its owner instead of the caller. For operators only.
    #[serde(default)]
    owner_person_id: Option<PersonId>,
}

/// Create an organization
///
/// The caller becomes its first owner; an operator may name somebody else. A link that confirms its contact
/// address is mailed there. Of a person's organizations at most
/// three wait for their contact to be confirmed, unless the installation says otherwise.
#[utoipa::path(
    post,
    path = "/v1/organizations",
    operation_id = "createOrganization",
    tag = "organizations",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless.")),
    request_body = CreateOrganization,
    responses(
        (status = 201, description = "Made.", body = OrganizationAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 409, description = "The contacts of too many of the caller's organizations are not confirmed yet.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["organization.created", "membership.granted", "contact-confirmation.requested"])),
        ("x-mandate-follows" = json!(["mail.sent"])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(in crate::http) async fn create(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Creation { body, idempotency }: Creation<CreateOrganization>,
) -> Result<Response, Problem> {
    let (env, caller) = (&directory.resources.env, &attempt.caller);
    let id: OrganizationId = env.new_id();
    // Any person may.
    let decision = Ok(policy::any_person(caller));
    let permit = attempt.permit("organization.create", Target::organization(id), decision).await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return may_still_read(&attempt, answer).await;
    }
    let profile = Profile::parse(RawProfile {
        name: &body.name,
        kind: body.kind,
        contact_email: &body.contact_email,
        country: &body.country,
        website: body.website.as_deref(),
        description: body.description.as_deref(),
        language: body.language,
    })?;
    let owner = body.owner_person_id.unwrap_or(caller.person_id);
    if owner != caller.person_id && !caller.operator {
        let fault = Fault::new(FaultCode::NotAllowed, "can only be given by an operator");
        return Err(Problem::invalid_field("owner_person_id", fault));
    }
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let maker = store::people::lock(conn, caller.person_id).await?;
    let maker = maker.ok_or_else(Problem::no_such::<PersonId>)?;
    let created_by = (!caller.operator).then_some(maker.id);
    if let Some(maker) = created_by {
        let unconfirmed = store::organizations::count_unconfirmed(conn, maker).await?;
        let most = directory.settings.max_unconfirmed_organizations;
        if unconfirmed >= most.into() {
            return Err(too_many_unconfirmed(most));
        }
    }
    if owner != maker.id && store::people::find(conn, owner).await?.is_none() {
        let fault = Fault::new(FaultCode::NotFound, "is nobody's id");
        return Err(Problem::invalid_field("owner_person_id", fault));
    }
    let now = env.now();
    let (organization, created) = Organization::create(id, profile, now);
    let (membership, granted) = Membership::grant(env.new_id(), id, owner, MemberRole::Owner, now);
    store::organizations::insert(conn, &organization, created_by).await?;
    store::memberships::insert(conn, &membership).await?;
    unit.record_with(id.uuid(), organization.version, &created, &organization.details())?;
    unit.record(membership.id.uuid(), membership.version, &granted)?;
    confirming::ask(&directory, &mut unit, &organization).await?;
    let (location, version) = (format!("/v1/organizations/{id}"), organization.version);
    let answer = OrganizationAnswer::from(organization);
    idempotency.created(unit, location, version, &answer).await
}

/// The answer of before names an organization: only to who may read it now.
async fn may_still_read(attempt: &Attempt, answer: Response) -> Result<Response, Problem> {
    let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let id = location.and_then(|path| path.rsplit('/').next()?.parse::<OrganizationId>().ok());
    let id = id.ok_or_else(|| Problem::internal("a remembered organization has no address"))?;
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Read);
    let _permit = attempt.permit("organization.create", Target::organization(id), decision).await?;
    Ok(answer)
}

fn too_many_unconfirmed(most: u32) -> Problem {
    let detail = format!(
        "You have made {most} organizations whose contact is not confirmed yet. A link that was mailed to it confirms it."
    );
    Problem::conflict("too-many-unconfirmed-organizations", detail)
}
