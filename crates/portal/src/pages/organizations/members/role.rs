//! Another role for a member.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{OrganizationId, PersonId};
use contract::rpc::MemberRole;
use serde::Deserialize;

use super::super::addresses::{address, of_member};
use super::{Listed, look_up};
use crate::api::members::{self, Member, MemberOperation};
use crate::api::people::Me;
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::member_role::RoleChoice;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/organizations/members/role.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    organization: OrganizationId,
    /// What it is sent to.
    action: String,
    email: &'a str,
    roles: RoleChoice,
}

/// What is chosen.
#[derive(Debug, Deserialize)]
pub(crate) struct Chosen {
    role: Option<MemberRole>,
}

/// `GET /organizations/{id}/members/{person_id}/role`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    signed_in: SignedIn,
    Path((id, person)): Path<(OrganizationId, PersonId)>,
    Query(listed): Query<Listed>,
) -> Response {
    let browser = &signed_in.browser;
    match look_up(&portal, &signed_in, id, person, listed.cursor.as_deref()).await {
        Ok((me, Some(member))) if member.allows(MemberOperation::ChangeRole) => {
            draw(&portal, browser, StatusCode::OK, &me, id, &member, &listed, None)
        }
        Ok((_, Some(_))) => see_other(&address(id)),
        Ok((_, None)) => Failed::not_found(&portal, browser),
        Err(error) => Failed::page(&portal, browser, &Method::GET, &error),
    }
}

/// `POST /organizations/{id}/members/{person_id}/role`
pub(crate) async fn save(
    State(portal): State<Arc<Portal>>,
    signed_in: SignedIn,
    Path((id, person)): Path<(OrganizationId, PersonId)>,
    Query(listed): Query<Listed>,
    Form(chosen): Form<Chosen>,
) -> Response {
    let SignedIn { browser, token } = &signed_in;
    let failed = |error| Failed::page(&portal, browser, &Method::POST, &error);
    let t = browser.language.texts();
    let (status, error) = match chosen.role {
        None => (StatusCode::UNPROCESSABLE_ENTITY, t.fault_required()),
        Some(role) => {
            match members::change_role(&portal.api, browser, token, id, person, role).await {
                Ok(()) => return see_other(&address(id)),
                Err(ApiError::Refused(Refused { status, code, .. })) if code == "last-owner" => {
                    (status, t.organization_last_owner())
                }
                Err(error) => return failed(error),
            }
        }
    };
    match look_up(&portal, &signed_in, id, person, listed.cursor.as_deref()).await {
        Ok((me, Some(member))) => {
            draw(&portal, browser, status, &me, id, &member, &listed, Some(error))
        }
        Ok((_, None)) => Failed::not_found(&portal, browser),
        Err(error) => failed(error),
    }
}

#[expect(clippy::too_many_arguments, reason = "what one page shows")]
pub(in crate::pages::organizations) fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    me: &Me,
    organization: OrganizationId,
    member: &Member,
    listed: &Listed,
    error: Option<String>,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Organization);
    let title = frame.t.organization_role_of(member.called());
    let page = Page {
        title: &title,
        organization,
        action: of_member(organization, member.person_id, "role", listed.cursor.as_deref()),
        email: &member.email,
        roles: RoleChoice::new(frame.t, Some(member.role), error),
        frame,
    };
    respond::page(status, browser.language, &page)
}
