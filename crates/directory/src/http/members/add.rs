//! POST /v1/organizations/{id}/members

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::rpc::MemberRole;
use contract::{OrganizationId, PersonId};
use serde::Deserialize;
use service::http::{Creation, Path};
use service::{Attempt, Fault, FaultCode, Problem, Target};
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{MemberAnswer, Seen};
use crate::fields::{Email, Invalid};
use crate::membership::Membership;
use crate::person::Person;
use crate::policy::{self, OrganizationAction};
use crate::{Directory, store};

/// A member to be added: by `email` or by `person_id`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AddMember {
    /// The email of a registered person.
    #[serde(default)]
    #[schema(example = "developer@example.com", format = "email", max_length = 254)]
    email: Option<String>,
    /// The id of a registered person.
    #[serde(default)]
    person_id: Option<PersonId>,
    /// The role.
    role: MemberRole,
}

/// Add a member
///
/// Anybody who is registered, without asking them, which is for operators only. Owners invite people, who become
/// members by accepting (`POST /v1/organizations/{id}/invitations`).
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/members",
    operation_id = "addMember",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "The organization."),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes repetitions of the request harmless."),
    ),
    request_body = AddMember,
    responses(
        (status = 201, description = "Added.", body = MemberAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "They are a member already.", body = Problem),
        (status = 422, description = "Nobody has this email or id.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["membership.granted"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(in crate::http) async fn add(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
    Creation { body, idempotency }: Creation<AddMember>,
) -> Result<Response, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Operate);
    let permit = attempt.permit("member.add", Target::organization(id), decision).await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return Ok(answer);
    }
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let person = named_person(conn, &body).await?;
    if store::memberships::find(conn, id, person.id).await?.is_some() {
        let detail = "They are a member already; change their role instead.";
        return Err(Problem::conflict("already-member", detail));
    }
    let env = &directory.resources.env;
    let (membership, granted) =
        Membership::grant(env.new_id(), id, person.id, body.role, env.now());
    store::memberships::insert(conn, &membership).await?;
    let owners = store::memberships::count_owners(conn, id).await?;
    unit.record(membership.id.uuid(), membership.version, &granted)?;
    let location = format!("/v1/organizations/{id}/members/{}", person.id);
    let seen = Seen { caller: &attempt.caller, role, owners };
    let answer = MemberAnswer::of(&membership, person.name, &person.email, seen);
    idempotency.created(unit, location, membership.version, &answer).await
}

/// The person whom the request names.
async fn named_person(conn: &mut PgConnection, body: &AddMember) -> Result<Person, Problem> {
    match (&body.email, body.person_id) {
        (Some(email), None) => {
            let email = Email::parse("email", email).map_err(Invalid::from)?;
            let found = store::people::find_by_email(conn, &email).await?;
            found.ok_or_else(|| {
                let message = "nobody has registered with this email";
                Problem::invalid_field("email", Fault::new(FaultCode::NotFound, message))
            })
        }
        (None, Some(id)) => {
            let found = store::people::find(conn, id).await?;
            let nobody = || Fault::new(FaultCode::NotFound, "is nobody's id");
            found.ok_or_else(|| Problem::invalid_field("person_id", nobody()))
        }
        _ => {
            let fault = Fault::new(FaultCode::NotAllowed, "give either email or person_id");
            Err(Problem::invalid_field("email", fault))
        }
    }
}
