//! An invitation is revoked.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{InvitationId, OrganizationId};
use serde::Deserialize;

use super::super::addresses::invitations as address;
use crate::api::invitations::{self, Invitation};
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/organizations/invitations/revocation.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    organization: OrganizationId,
    invitation: InvitationId,
    email: &'a str,
}

/// On which page of the list the invitation stands: there is no asking for one alone.
#[derive(Debug, Deserialize)]
pub(crate) struct Listed {
    cursor: Option<String>,
}

/// `GET /organizations/{id}/invitations/{invitation_id}/revocation`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((id, invitation)): Path<(OrganizationId, InvitationId)>,
    Query(listed): Query<Listed>,
) -> Response {
    let found = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        invitations::pending(&portal.api, &browser, &token, id, listed.cursor.as_deref()),
    );
    let (me, invitations) = match found {
        Ok(found) => found,
        Err(error) => return Failed::page(&portal, &browser, &Method::GET, &error),
    };
    match invitations.items.iter().find(|one| one.id == invitation) {
        Some(found) => draw(&portal, &browser, &me, id, found),
        // It waits no more, and the list says so by what it lacks.
        None => see_other(&format!("{}?said=ended", address(id))),
    }
}

/// `POST /organizations/{id}/invitations/{invitation_id}/revocation`
pub(crate) async fn revoke(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((id, invitation)): Path<(OrganizationId, InvitationId)>,
) -> Response {
    match invitations::revoke(&portal.api, &browser, &token, invitation).await {
        Ok(()) => see_other(&address(id)),
        Err(ApiError::Refused(Refused {
            status: StatusCode::CONFLICT | StatusCode::GONE, ..
        })) => see_other(&format!("{}?said=ended", address(id))),
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

pub(in crate::pages::organizations) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    organization: OrganizationId,
    invitation: &Invitation,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Organization);
    let email = invitation.email.as_deref().unwrap_or_default();
    let title = frame.t.invitation_revoke_question(email);
    let page = Page { title: &title, organization, invitation: invitation.id, email, frame };
    respond::page(StatusCode::OK, browser.language, &page)
}
