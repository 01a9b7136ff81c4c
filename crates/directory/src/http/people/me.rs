//! GET /v1/people/me

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use contract::rpc::{AccountRole, MemberRole};
use contract::{AccountId, OrganizationId, PersonId};
use serde::{Deserialize, Serialize};
use service::http::{Json, Query, etag};
use service::{Caller, Fault, FaultCode, Problem};
use utoipa::{IntoParams, ToSchema};

use super::PersonAnswer;
use crate::http::names::{self, PersonName};
use crate::policy::{self, OrganizationAction};
use crate::{Directory, store};

/// So many memberships are shown: others can give somebody any number.
const MAX_MEMBERSHIPS: i64 = 200;

/// The caller, with all they may.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Me {
    #[serde(flatten)]
    person: PersonAnswer,
    /// Their memberships, at most 200.
    memberships: Vec<MyMembership>,
    /// Whether they have more. `GET /v1/organizations` lists all, in pages.
    more_memberships: bool,
    /// Their roles on accounts: the first 200. `/v1/accounts` has all accounts in pages.
    account_roles: Vec<MyAccountRole>,
    /// Whether they hold more.
    more_account_roles: bool,
    /// What those are called who were asked for by `names`, in their order.
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Vec<PersonName>>,
}

/// Who is to be named along.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Named {
    /// Up to 100 ids of people, with commas between them: the answer has their names, as `POST /v1/names` tells them.
    names: Option<String>,
}

/// So many roles on accounts the answer has at most.
const MOST_ROLES: u16 = 200;

/// The caller's role in an organization.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct MyMembership {
    /// The organization.
    organization_id: OrganizationId,
    /// Its name.
    organization_name: String,
    /// The role.
    role: MemberRole,
    /// Whether the organization requires to sign in at its provider, and this credential does not stem from there:
    /// it does not act for it.
    sign_in_required: bool,
    /// What the caller may do in the organization now, by the names of operations.
    allowed: Vec<OrganizationOperation>,
}

/// What can be done in an organization by some of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum OrganizationOperation {
    /// `PATCH /v1/organizations/{id}`, `POST /v1/organizations/{id}/contact-confirmations`
    Edit,
    /// `POST /v1/organizations/{id}/invitations`, and sending one again or revoking it.
    Invite,
    /// `POST /v1/organizations/{id}/domain-requests`
    RequestDomain,
}

impl OrganizationOperation {
    /// What would be done by a member with this role, of the function that decides; nothing, if they do not act for
    /// the organization.
    fn allowed(caller: &Caller, role: MemberRole, acts: bool) -> Vec<Self> {
        let operations = [
            (Self::Edit, OrganizationAction::Edit),
            (Self::Invite, OrganizationAction::ManageMembers),
            (Self::RequestDomain, OrganizationAction::RequestDomains),
        ];
        let may = |action| acts && policy::organization(caller, Some(role), action).is_ok();
        let offered = operations.into_iter().filter(|(_, action)| may(*action));
        offered.map(|(operation, _)| operation).collect()
    }
}

/// The caller's role on an account.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct MyAccountRole {
    /// The account.
    account_id: AccountId,
    /// Its service.
    service: String,
    /// The role.
    role: AccountRole,
}

/// Read who I am
///
/// The person for whom the API token speaks, their memberships and their roles on accounts. The `ETag` is that of
/// what `PATCH /v1/people/me` changes: it says nothing of memberships and roles.
#[utoipa::path(
    get,
    path = "/v1/people/me",
    operation_id = "getMe",
    tag = "people",
    params(Named),
    responses(
        (status = 200, description = "The caller.", body = Me),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 422, description = "`names` has too many ids, or what is no id.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(in crate::http) async fn me(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
    Query(Named { names }): Query<Named>,
) -> Result<Response, Problem> {
    let asked = names.as_deref().map(asked_people).transpose()?;
    let mut conn = directory.resources.pool.acquire().await?;
    let person = store::people::find(&mut conn, caller.person_id)
        .await?
        .ok_or_else(Problem::no_such::<PersonId>)?;
    let mut memberships =
        store::memberships::of_person(&mut conn, caller.person_id, MAX_MEMBERSHIPS + 1).await?;
    let shown = usize::try_from(MAX_MEMBERSHIPS).unwrap_or(usize::MAX);
    let more_memberships = memberships.len() > shown;
    memberships.truncate(shown);
    let mut roles =
        store::account_roles::first_of_person(&mut conn, caller.person_id, MOST_ROLES + 1).await?;
    let more_account_roles = roles.len() > usize::from(MOST_ROLES);
    roles.truncate(usize::from(MOST_ROLES));
    let memberships = memberships
        .into_iter()
        .map(|membership| {
            let sign_in_required =
                membership.required.is_some() && membership.required != caller.identity_provider_id;
            MyMembership {
                organization_id: membership.organization_id,
                organization_name: membership.name,
                role: membership.role,
                sign_in_required,
                allowed: OrganizationOperation::allowed(
                    &caller,
                    membership.role,
                    !sign_in_required,
                ),
            }
        })
        .collect();
    let account_roles = roles
        .into_iter()
        .map(|held| MyAccountRole {
            account_id: held.account_id,
            service: held.service,
            role: held.role,
        })
        .collect();
    let names = match asked {
        Some(people) => Some(names::of_people(&directory, &mut conn, &caller, people).await?),
        None => None,
    };
    let tag = etag(person.version);
    let me = Me {
        person: person.into(),
        memberships,
        more_memberships,
        account_roles,
        more_account_roles,
        names,
    };
    Ok(([(ETAG, tag)], Json(me)).into_response())
}

/// The people of `names`.
fn asked_people(text: &str) -> Result<Vec<PersonId>, Problem> {
    let wrong = |fault| Problem::invalid_field("names", fault);
    if text.split(',').count() > names::MOST_NAMES {
        return Err(wrong(Fault::too_many(names::MOST_NAMES)));
    }
    let malformed =
        |_| wrong(Fault::new(FaultCode::WrongFormat, "is not a list of ids with commas between"));
    text.split(',').map(|id| id.trim().parse().map_err(malformed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_to_name_is_a_list_of_ids_and_what_is_none_is_refused_by_its_name() {
        let one = "0195b2a0-0000-7000-8000-000000000001";
        assert_eq!(asked_people(&format!("{one}, {one}")).unwrap(), [one.parse().unwrap(); 2]);
        let code = |text: &str| {
            let problem = asked_people(text).unwrap_err();
            assert_eq!(problem.errors()[0].field, "names");
            problem.errors()[0].fault.code
        };
        assert_eq!(code(""), FaultCode::WrongFormat);
        assert_eq!(code("me"), FaultCode::WrongFormat);
        assert_eq!(code(&vec![one; 101].join(",")), FaultCode::TooMany);
    }
}
