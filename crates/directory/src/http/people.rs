//! `/v1/people`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::facts::PersonRegistered;
use contract::rpc::{AccountRole, MemberRole};
use contract::{AccountId, OrganizationId, PersonId, Version};
use serde::{Deserialize, Serialize};
use service::authentication::Caller;
use service::http::{Json, Path};
use service::problem::Problem;
use service::request::RequestFacts;
use utoipa::ToSchema;

use super::access::{Access, invalid, not_found, password_problem};
use crate::person::{NewPerson, Person};
use crate::{Directory, store};

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(super) struct PersonAnswer {
    /// Their id.
    id: PersonId,
    /// Their email.
    #[schema(example = "developer@example.com")]
    email: String,
    /// Their name.
    name: String,
    /// Whether they operate the platform.
    operator: bool,
    /// When they were registered.
    created_at: DateTime<Utc>,
}

impl From<Person> for PersonAnswer {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            email: person.email.as_str().to_owned(),
            name: person.name,
            operator: person.operator,
            created_at: person.created_at,
        }
    }
}

/// A person to be registered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterPerson {
    /// Their email: the name under which they sign in, in upper or lower case.
    #[schema(example = "developer@example.com", format = "email", max_length = 254)]
    email: String,
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Their password, of at least 12 characters.
    #[schema(min_length = 12, format = Password)]
    password: String,
    /// Whether they operate the platform.
    #[serde(default)]
    operator: bool,
}

/// Register a person
///
/// An Idempotency-Key is not needed: an email is registered once.
#[utoipa::path(
    post,
    path = "/v1/people",
    operation_id = "registerPerson",
    tag = "people",
    request_body = RegisterPerson,
    responses(
        (status = 201, description = "Registered.", body = PersonAnswer),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 403, description = "The caller is no operator.", body = Problem),
        (status = 409, description = "Somebody has registered with this email already.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["person.registered"])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["operator"])),
    ),
)]
pub(super) async fn register(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    caller: Caller,
    // No Creation: what is remembered of a request for its Idempotency-Key is a fast hash, from
    // which a password could be guessed.
    Json(body): Json<RegisterPerson>,
) -> Result<Response, Problem> {
    let access = Access { directory: &directory, facts: &facts, caller: &caller };
    let authority = access.as_operator("person.register").await?;
    let settings = directory.passwords.settings();
    let new =
        NewPerson::parse(&body.email, &body.name, Some(body.password), body.operator, settings)
            .map_err(invalid)?;
    let hash = match new.password {
        Some(password) => Some(directory.passwords.hash(password).await.map_err(password_problem)?),
        None => None,
    };

    let resources = &directory.resources;
    let person = Person {
        id: resources.env.new_id(),
        email: new.email,
        name: new.name,
        operator: new.operator,
        created_at: resources.env.now(),
    };
    let mut unit = resources.events.begin(&facts.provenance(caller.actor(), authority, None));
    store::insert_person(unit.connection().await?, &person, hash.as_deref()).await.map_err(
        |error| {
            if store::is_taken(&error, "people_email_key") {
                Problem::conflict("email-taken", "Somebody has registered with this email already.")
            } else {
                error.into()
            }
        },
    )?;
    let registered = PersonRegistered { person_id: person.id, operator: person.operator };
    unit.record(person.id.uuid(), Version::FIRST, &registered)?;
    unit.commit().await?;
    let location = format!("/v1/people/{}", person.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(PersonAnswer::from(person)))
        .into_response())
}

/// The caller, with all they may.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    #[serde(flatten)]
    person: PersonAnswer,
    /// Their memberships.
    memberships: Vec<MyMembership>,
    /// Their roles on accounts.
    account_roles: Vec<MyAccountRole>,
}

/// The caller's role in an organization.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyMembership {
    /// The organization.
    organization_id: OrganizationId,
    /// Its name.
    organization_name: String,
    /// The role.
    role: MemberRole,
}

/// The caller's role on an account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyAccountRole {
    /// The account.
    account_id: AccountId,
    /// Its service.
    service: String,
    /// The role.
    role: AccountRole,
}

/// Read who I am
///
/// The person for whom the API token speaks, their memberships and their roles on accounts.
#[utoipa::path(
    get,
    path = "/v1/people/me",
    operation_id = "getMe",
    tag = "people",
    responses(
        (status = 200, description = "The caller.", body = Me),
        (status = 401, description = "No valid API token.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(super) async fn me(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
) -> Result<Json<Me>, Problem> {
    let mut conn = directory.resources.pool.acquire().await?;
    let person = store::person(&mut conn, caller.person_id).await?.ok_or_else(not_found)?;
    let memberships = store::memberships_of(&mut conn, caller.person_id).await?;
    let roles = store::roles_of(&mut conn, caller.person_id, None).await?;
    let memberships = memberships
        .into_iter()
        .map(|(organization_id, organization_name, role)| MyMembership {
            organization_id,
            organization_name,
            role,
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
    Ok(Json(Me { person: person.into(), memberships, account_roles }))
}

/// Read a person
///
/// Oneself, and those who are members of an organization of the caller's; anybody, for an operator.
#[utoipa::path(
    get,
    path = "/v1/people/{id}",
    operation_id = "getPerson",
    tag = "people",
    params(("id" = PersonId, Path, description = "The person.")),
    responses(
        (status = 200, description = "The person.", body = PersonAnswer),
        (status = 401, description = "No valid API token.", body = Problem),
        (status = 404, description = "There is none, or not for the caller to see.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person", "operator"])),
    ),
)]
pub(super) async fn read(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
    Path(id): Path<PersonId>,
) -> Result<Json<PersonAnswer>, Problem> {
    let mut conn = directory.resources.pool.acquire().await?;
    let visible = caller.operator
        || caller.person_id == id
        || store::share_an_organization(&mut conn, caller.person_id, id).await?;
    if !visible {
        return Err(not_found());
    }
    let person = store::person(&mut conn, id).await?.ok_or_else(not_found)?;
    Ok(Json(person.into()))
}
