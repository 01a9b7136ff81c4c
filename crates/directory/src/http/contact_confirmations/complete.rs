//! POST /v1/contact-confirmations/complete

use std::sync::Arc;

use axum::extract::State;
use contract::{Actor, ContactConfirmationId, OrganizationId};
use serde::{Deserialize, Serialize};
use service::http::Json;
use service::{Permit, Problem, RequestFacts};
use utoipa::ToSchema;

use crate::http::mailed_links::{self, MAILED_LINK};
use crate::mail::LinkPurpose;
use crate::{Directory, store};

/// The token of a mailed link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CompleteContactConfirmation {
    /// The last part of the link's path.
    #[schema(example = "mandate_ml_…", format = Password)]
    token: String,
}

/// The organization whose contact address is confirmed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ConfirmedContact {
    /// Its id.
    organization_id: OrganizationId,
    /// Its name.
    organization_name: String,
}

/// Confirm a contact address by a mailed link
///
/// Nobody has to sign in: whoever has the token reads the mail of the address. Each link is used once, and confirms
/// the address to which it was mailed, as long as it is the organization's.
#[utoipa::path(
    post,
    path = "/v1/contact-confirmations/complete",
    operation_id = "completeContactConfirmation",
    tag = "organizations",
    request_body = CompleteContactConfirmation,
    responses(
        (status = 200, description = "Confirmed.", body = ConfirmedContact),
        (status = 404, description = "`mailed-link-not-found`: there is no such link.", body = Problem),
        (status = 409, description = "`mailed-link-used`", body = Problem),
        (status = 410, description = "`mailed-link-expired`, `mailed-link-outdated`", body = Problem),
        (status = 429, description = "Too many links are tried.", body = Problem),
    ),
    security(),
    extensions(
        ("x-mandate-events" = json!(["contact-confirmation.completed", {"event": "organization.contact-confirmed", "if": "no operator confirmed it before"}])),
        ("x-mandate-roles" = json!(["anyone"])),
    ),
)]
pub(in crate::http) async fn complete(
    State(directory): State<Arc<Directory>>,
    facts: RequestFacts,
    Json(body): Json<CompleteContactConfirmation>,
) -> Result<Json<ConfirmedContact>, Problem> {
    let resources = &directory.resources;
    let purpose = LinkPurpose::ConfirmContact;
    let id: ContactConfirmationId =
        mailed_links::subject(&directory, &facts, &body.token, purpose).await?;
    let unknown = || Problem::missing("mailed-link");
    let mut conn = resources.pool.acquire().await?;
    let found = store::contact_confirmations::find(&mut conn, id).await?;
    let organization_id = found.ok_or_else(unknown)?.organization_id;
    drop(conn);

    let of = Some(organization_id);
    let permit = Permit::by_credentials(resources, &facts, Actor::Anonymous, MAILED_LINK, of);
    let mut unit = permit.begin();
    let conn = unit.connection().await?;
    let organization = store::organizations::lock(conn, organization_id).await?;
    let organization = organization.ok_or_else(unknown)?;
    let confirmation = store::contact_confirmations::lock(conn, id).await?.ok_or_else(unknown)?;
    let now = resources.env.now();
    let (confirmation, completed) = confirmation.complete(&organization, now)?;
    store::contact_confirmations::save(conn, &confirmation).await?;
    let organization_name = organization.profile.name.clone();
    let confirmed = organization.confirm_contact(now);
    if let Some((organization, _)) = &confirmed {
        store::organizations::save(conn, organization).await?;
    }
    let event = unit.record(id.uuid(), confirmation.version, &completed)?;
    if let Some((organization, fact)) = confirmed {
        let mut provenance = unit.provenance().clone();
        provenance.causation = Some(event);
        unit.record_as(&provenance, organization_id.uuid(), organization.version, &fact)?;
    }
    unit.commit().await?;
    Ok(Json(ConfirmedContact { organization_id, organization_name }))
}
