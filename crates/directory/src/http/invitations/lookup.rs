//! POST /v1/invitations/lookup

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use contract::facts::Invited;
use contract::{AccountId, InvitationId, OrganizationId};
use serde::{Deserialize, Serialize};
use service::Problem;
use service::http::Json;
use utoipa::ToSchema;

use super::by_token;
use crate::language::Language;
use crate::{Directory, store};

/// An invitation's token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Lookup {
    /// The token in the link of its mail.
    #[schema(example = "mandate_ml_…")]
    token: String,
}

/// What whoever has the token of an invitation is shown.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ShownInvitation {
    /// Its id.
    id: InvitationId,
    /// To what.
    #[serde(flatten)]
    invited: Invited,
    /// What the organization or the account is called.
    name: String,
    /// The catalogue's service that an account is of.
    service: Option<String>,
    /// What whoever invited is called, if that is known.
    invited_by: Option<String>,
    /// To which address it was sent.
    email: Option<String>,
    /// In which language it was written.
    language: Language,
    /// Whether somebody has this email as their own here, who then signs in to accept it; others say who they are.
    registered: bool,
    /// From when it cannot be accepted any more.
    expires_at: DateTime<Utc>,
}

/// Look at an invitation
///
/// For whoever has the token of its mail; the token is in the body, so that no log has it. Looking uses nothing up.
#[utoipa::path(
    post,
    path = "/v1/invitations/lookup",
    operation_id = "lookUpInvitation",
    tag = "invitations",
    request_body = Lookup,
    responses(
        (status = 200, description = "The invitation.", body = ShownInvitation),
        (status = 404, description = "No mail had this token.", body = Problem),
        (status = 409, description = "It was accepted.", body = Problem),
        (status = 410, description = "It was revoked, or has expired.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
    ),
    security(),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["anyone"])),
    ),
)]
pub(in crate::http) async fn lookup(
    State(directory): State<Arc<Directory>>,
    Json(body): Json<Lookup>,
) -> Result<Json<ShownInvitation>, Problem> {
    let invitation = by_token(&directory, &body.token).await?;
    invitation.usable(directory.resources.env.now())?;
    let mut conn = directory.resources.pool.acquire().await?;
    let (name, service) = match invitation.invited {
        Invited::Organization { organization_id, .. } => {
            let found = store::organizations::find(&mut conn, organization_id).await?;
            (found.ok_or_else(Problem::no_such::<OrganizationId>)?.profile.name, None)
        }
        Invited::Account { account_id, .. } => {
            let found = store::accounts::find(&mut conn, account_id).await?;
            let account = found.ok_or_else(Problem::no_such::<AccountId>)?;
            (account.profile.name, Some(account.profile.service))
        }
    };
    let mut inviters = store::people::names(&mut conn, &[invitation.invited_by]).await?;
    let registered = match &invitation.email {
        // Who has the token reads the mail of this address: this is theirs to know.
        Some(email) => store::people::find_by_email(&mut conn, email).await?.is_some(),
        None => false,
    };
    Ok(Json(ShownInvitation {
        id: invitation.id,
        invited: invitation.invited,
        name,
        service,
        invited_by: inviters.pop().map(|person| person.name),
        email: invitation.email.map(|email| email.as_str().to_owned()),
        language: invitation.language,
        registered,
        expires_at: invitation.expires_at,
    }))
}
