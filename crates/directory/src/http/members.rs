//! `/v1/organizations/{id}/members`.

use std::sync::Arc;

use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::facts::{MembershipGranted, MembershipRemoved, MembershipRoleChanged};
use contract::rpc::MemberRole;
use contract::{OrganizationId, PersonId, Version};
use eventstore::AppendError;
use serde::{Deserialize, Serialize};
use service::authentication::Caller;
use service::http::{Creation, Json, Page, PageQuery, Path, Query};
use service::problem::Problem;
use service::request::RequestFacts;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::access::{Access, created, invalid, not_found};
use crate::fields::Email;
use crate::membership::{LastOwner, Membership};
use crate::person::Person;
use crate::policy::OrganizationAction;
use crate::store::{Member, Slice};
use crate::{Directory, store};

/// A member of an organization.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub(super) struct MemberAnswer {
    /// The person.
    person_id: PersonId,
    /// Their name.
    name: String,
    /// Their email.
    email: String,
    /// Their role.
    role: MemberRole,
    /// Since when they are a member.
    created_at: DateTime<Utc>,
}

impl MemberAnswer {
    fn of(membership: &Membership, name: String, email: &Email) -> Self {
        Self {
            person_id: membership.person_id,
            name,
            email: email.as_str().to_owned(),
            role: membership.role,
            created_at: membership.created_at,
        }
    }
}

impl From<Member> for MemberAnswer {
    fn from(member: Member) -> Self {
        Self::of(&member.membership, member.name, &member.email)
    }
}

impl From<LastOwner> for Problem {
    fn from(refusal: LastOwner) -> Self {
        Self::conflict("last-owner", refusal.to_string())
    }
}

/// List an organization's members
#[utoipa::path(
    get,
    path = "/v1/organizations/{id}/members",
    operation_id = "listMembers",
    tag = "organizations",
    params(("id" = OrganizationId, Path, description = "The organization."), PageQuery),
    responses(
        (status = 200, description = "A page.", body = Page<MemberAnswer>),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(super) async fn list(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Query(query): Query<PageQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    access.to_organization(id, OrganizationAction::Read, "organization.read").await?;
    let slice = Slice { after: query.after()?, limit: query.rows() };
    let mut conn = directory.resources.pool.acquire().await?;
    if store::organization(&mut conn, id).await?.is_none() {
        return Err(not_found());
    }
    let rows = store::members(&mut conn, id, slice).await?;
    let page = Page::of_rows(rows, &query, |member| member.membership.id)?;
    Ok(page.map(MemberAnswer::from).into_response_for(&uri))
}

/// A member to be added: by `email` or by `person_id`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddMember {
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
        (status = 422, description = "Nobody has this email or id.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["membership.granted"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "operator"])),
    ),
)]
pub(super) async fn add(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Path(id): Path<OrganizationId>,
    Creation { body, idempotency }: Creation<AddMember>,
) -> Result<Response, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let authority =
        access.to_organization(id, OrganizationAction::ManageMembers, "member.add").await?;
    let resources = &directory.resources;
    if let Some(answer) = idempotency.replay(resources).await? {
        return Ok(answer);
    }
    let mut unit = resources.events.begin(&facts.provenance(caller.actor(), authority, Some(id)));
    let conn = unit.connection().await?;
    store::lock_organization(conn, id).await?.ok_or_else(not_found)?;
    let person = named_person(conn, &body).await?;
    if store::membership(conn, id, person.id).await?.is_some() {
        return Err(Problem::conflict(
            "already-member",
            "They are a member already; change their role instead.",
        ));
    }
    let membership = Membership {
        id: resources.env.new_id(),
        organization_id: id,
        person_id: person.id,
        role: body.role,
        version: Version::FIRST.number(),
        created_at: resources.env.now(),
    };
    store::insert_membership(conn, &membership).await?;
    let granted = MembershipGranted {
        membership_id: membership.id,
        organization_id: id,
        person_id: person.id,
        role: membership.role,
    };
    unit.record(membership.id.uuid(), Version::FIRST, &granted)?;
    let location = format!("/v1/organizations/{id}/members/{}", person.id);
    created(
        unit,
        &idempotency,
        location,
        &MemberAnswer::of(&membership, person.name, &person.email),
    )
    .await
}

async fn named_person(conn: &mut PgConnection, body: &AddMember) -> Result<Person, Problem> {
    match (&body.email, body.person_id) {
        (Some(email), None) => {
            let email = Email::parse("email", email).map_err(|error| invalid([error]))?;
            let found = store::person_by_email(conn, &email).await?;
            found.ok_or_else(|| {
                Problem::invalid_field("email", "nobody has registered with this email")
            })
        }
        (None, Some(id)) => {
            let found = store::person(conn, id).await?;
            found.ok_or_else(|| Problem::invalid_field("person_id", "is nobody's id"))
        }
        _ => Err(Problem::invalid_field("email", "give either email or person_id")),
    }
}

/// Another role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeMember {
    /// The role from now on.
    role: MemberRole,
}

/// Change a member's role
///
/// The last owner stays owner. Setting the role to what it is leaves no event.
#[utoipa::path(
    patch,
    path = "/v1/organizations/{id}/members/{person_id}",
    operation_id = "changeMember",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "The organization."),
        ("person_id" = PersonId, Path, description = "The member."),
    ),
    request_body = ChangeMember,
    responses(
        (status = 200, description = "Changed.", body = MemberAnswer),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "They are the last owner.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["membership.role-changed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "operator"])),
    ),
)]
pub(super) async fn change(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Path((id, person_id)): Path<(OrganizationId, PersonId)>,
    Json(body): Json<ChangeMember>,
) -> Result<Response, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let authority =
        access.to_organization(id, OrganizationAction::ManageMembers, "member.change-role").await?;
    let mut unit =
        directory.resources.events.begin(&facts.provenance(caller.actor(), authority, Some(id)));
    let conn = unit.connection().await?;
    store::lock_organization(conn, id).await?.ok_or_else(not_found)?;
    let mut membership = store::membership(conn, id, person_id).await?.ok_or_else(not_found)?;
    let person = store::person(conn, person_id).await?.ok_or_else(not_found)?;
    let owners = store::count_owners(conn, id).await?;
    if membership.change_role(body.role, owners)? {
        let changed = MembershipRoleChanged {
            membership_id: membership.id,
            organization_id: id,
            person_id,
            role: body.role,
            previous_role: membership.role,
        };
        let next = Version::new(membership.version + 1).ok_or(AppendError::Conflict)?;
        membership.role = body.role;
        membership.version = next.number();
        store::update_membership(conn, &membership).await?;
        unit.record(membership.id.uuid(), next, &changed)?;
        unit.commit().await?;
    }
    Ok(Json(MemberAnswer::of(&membership, person.name, &person.email)).into_response())
}

/// Remove a member, or leave
///
/// Every member can leave; the last owner cannot.
#[utoipa::path(
    delete,
    path = "/v1/organizations/{id}/members/{person_id}",
    operation_id = "removeMember",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "The organization."),
        ("person_id" = PersonId, Path, description = "The member."),
    ),
    responses(
        (status = 204, description = "They are a member no more."),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 403, description = "The role does not suffice to remove others.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 409, description = "They are the last owner.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["membership.removed"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "developer", "auditor", "operator"])),
    ),
)]
pub(super) async fn remove(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    Path((id, person_id)): Path<(OrganizationId, PersonId)>,
) -> Result<StatusCode, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let authority = if person_id == caller.person_id {
        access.to_organization(id, OrganizationAction::Leave, "member.leave").await?
    } else {
        access.to_organization(id, OrganizationAction::ManageMembers, "member.remove").await?
    };
    let mut unit =
        directory.resources.events.begin(&facts.provenance(caller.actor(), authority, Some(id)));
    let conn = unit.connection().await?;
    store::lock_organization(conn, id).await?.ok_or_else(not_found)?;
    let membership = store::membership(conn, id, person_id).await?.ok_or_else(not_found)?;
    membership.remove(store::count_owners(conn, id).await?)?;
    store::delete_membership(conn, membership.id).await?;
    let next = Version::new(membership.version + 1).ok_or(AppendError::Conflict)?;
    let removed =
        MembershipRemoved { membership_id: membership.id, organization_id: id, person_id };
    unit.record(membership.id.uuid(), next, &removed)?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
