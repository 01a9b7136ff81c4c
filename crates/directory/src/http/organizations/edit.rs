//! PATCH /v1/organizations/{id}

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use contract::OrganizationId;
use contract::facts::OrganizationField;
use contract::rpc::OrganizationKind;
use serde::{Deserialize, Deserializer};
use service::http::{IfMatch, Json, Path};
use service::{Attempt, Problem, Target};
use utoipa::ToSchema;

use super::{OrganizationAnswer, tagged};
use crate::language::Language;
use crate::policy::{self, OrganizationAction};
use crate::profile::{Edit, OptionalEdit};
use crate::{Directory, confirming, store};

/// What to change. Fields that are left out stay; `null` takes an optional one away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct EditOrganization {
    /// The name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The kind.
    #[serde(default)]
    kind: Option<OrganizationKind>,
    /// The contact address. A new one has to be confirmed anew.
    #[serde(default)]
    #[schema(format = "email", max_length = 254)]
    contact_email: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    #[schema(pattern = "^[A-Z]{2}$")]
    country: Option<String>,
    /// An http or https URL.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "uri", max_length = 2048)]
    website: OptionalEdit,
    /// At most 255 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 255)]
    description: OptionalEdit,
    /// In which language it writes to people who have chosen none.
    #[serde(default)]
    language: Option<Language>,
}

/// Tells `null` from what is left out: the latter never gets here.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OptionalEdit, D::Error> {
    let given = Option::deserialize(deserializer)?;
    Ok(given.map_or(OptionalEdit::Clear, OptionalEdit::Set))
}

/// Change an organization
///
/// A new contact address has to be confirmed anew, by a link that is mailed there: until then the organization
/// activates no app and makes no consent link. With `If-Match`, only the version that was read is changed. A change that
/// changes nothing leaves no event.
#[utoipa::path(
    patch,
    path = "/v1/organizations/{id}",
    operation_id = "editOrganization",
    tag = "organizations",
    params(
        ("id" = OrganizationId, Path, description = "The organization."),
        ("If-Match" = Option<String>, Header, description = "The entity tag that was read."),
    ),
    request_body = EditOrganization,
    responses(
        (status = 200, description = "As it is now.", body = OrganizationAnswer),
        (status = 401, description = "No valid API token or session.", body = Problem),
        (status = 403, description = "The role does not suffice.", body = Problem),
        (status = 404, description = "There is none, or the caller is no member.", body = Problem),
        (status = 412, description = "It has changed since it was read.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
        (status = 429, description = "The contact address changed too often within an hour.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!(["organization.edited", {"event": "contact-confirmation.requested", "if": "the contact address changed"}])),
        ("x-mandate-follows" = json!([{"event": "mail.sent", "if": "the contact address changed"}])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["owner", "operator"])),
    ),
)]
pub(in crate::http) async fn edit(
    State(directory): State<Arc<Directory>>,
    attempt: Attempt,
    Path(id): Path<OrganizationId>,
    if_match: IfMatch,
    Json(body): Json<EditOrganization>,
) -> Result<Response, Problem> {
    let role = attempt.role_in(id).await?;
    let decision = policy::organization(&attempt.caller, role, OrganizationAction::Edit);
    let permit = attempt.permit("organization.edit", Target::organization(id), decision).await?;
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let found = store::organizations::lock(conn, id).await?;
    let organization = found.ok_or_else(Problem::no_such::<OrganizationId>)?;
    if_match.check(organization.version)?;
    let Some((organization, edited)) = organization.edit(&Edit::from(body))? else {
        return Ok(tagged(organization));
    };
    store::organizations::save(conn, &organization).await?;
    unit.record_with(id.uuid(), organization.version, &edited, &organization.details())?;
    if edited.changed.contains(&OrganizationField::ContactEmail) {
        confirming::ask(&directory, &mut unit, &organization).await?;
    }
    unit.commit().await?;
    Ok(tagged(organization))
}

impl From<EditOrganization> for Edit {
    fn from(body: EditOrganization) -> Self {
        Self {
            name: body.name,
            kind: body.kind,
            contact_email: body.contact_email,
            country: body.country,
            website: body.website,
            description: body.description,
            language: body.language,
        }
    }
}
