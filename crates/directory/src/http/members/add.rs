//! POST /v1/organizations/{id}/members

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::rpc::MemberRole;
use contract::{OrganizationId, PersonId};
use serde::Deserialize;
use service::http::{Creation, Path};
use service::{Attempt, Caller, Problem, Target};
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::MemberAnswer;
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
    /// The id of a registered person whom the caller may see.
    #[serde(default)]
    person_id: Option<PersonId>,
    /// The role.
    role: MemberRole,
}

/// Add a member
///
/// Anybody registered can be added by their email. By id only those whom the caller may see: members of an
/// organization of theirs; anybody, for an operator. What others are called is not told.
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
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "They are a member already.", body = Problem),
        (status = 422, description = "Nobody has this email or id, or nobody whom the caller may see.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["membership.granted"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "operator"])),
    ),
)]
pub(in crate::http) async fn add(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
    Creation { body, idempotency }: Creation<AddMember>,
) -> Result<Response, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::ManageMembers);
    let permit = attempt.permit("member.add", Target::organization(id), decision).await?;
    if let Some(answer) = permit.replay(&idempotency).await? {
        return Ok(answer);
    }
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    let (person, seen) = named_person(conn, &attempt.caller, &body).await?;
    if store::memberships::find(conn, id, person.id).await?.is_some() {
        let detail = "They are a member already; change their role instead.";
        return Err(Problem::conflict("already-member", detail));
    }
    let env = &directory.resources.env;
    let (membership, granted) =
        Membership::grant(env.new_id(), id, person.id, body.role, seen, env.now());
    store::memberships::insert(conn, &membership).await?;
    unit.record(membership.id.uuid(), membership.version, &granted)?;
    let location = format!("/v1/organizations/{id}/members/{}", person.id);
    let answer = MemberAnswer::of(&membership, person.name, &person.email);
    idempotency.created(unit, location, membership.version, &answer).await
}

/// The person, and whether the caller may see what they are called.
async fn named_person(
    conn: &mut PgConnection,
    caller: &Caller,
    body: &AddMember,
) -> Result<(Person, bool), Problem> {
    match (&body.email, body.person_id) {
        (Some(email), None) => {
            let email = Email::parse("email", email).map_err(Invalid::from)?;
            let found = store::people::find_by_email(conn, &email).await?;
            let person = found.ok_or_else(|| {
                Problem::invalid_field("email", "nobody has registered with this email")
            })?;
            let seen = sees(conn, caller, person.id).await?;
            Ok((person, seen))
        }
        (None, Some(id)) => {
            // The same for those who are none of the caller's business: ids are in events, names are not.
            let unknown = || Problem::invalid_field("person_id", "is the id of nobody you know");
            if !sees(conn, caller, id).await? {
                return Err(unknown());
            }
            Ok((store::people::find(conn, id).await?.ok_or_else(unknown)?, true))
        }
        _ => Err(Problem::invalid_field("email", "give either email or person_id")),
    }
}

async fn sees(conn: &mut PgConnection, caller: &Caller, id: PersonId) -> sqlx::Result<bool> {
    let (one, provider) = (caller.person_id, caller.identity_provider_id);
    let colleagues = store::people::sees_in_an_organization(conn, one, provider, id).await?;
    Ok(policy::person(caller, id, colleagues).is_ok())
}
