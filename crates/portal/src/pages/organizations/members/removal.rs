//! The end of a membership: somebody else's, or one's own, which is to leave.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{OrganizationId, PersonId};
use serde::Deserialize;

use super::super::addresses::{address, of_member};
use super::{Listed, look_up};
use crate::api::members::{self, Member, MemberOperation};
use crate::api::people::{Me, Membership};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/organizations/members/removal.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    organization: OrganizationId,
    name: &'a str,
    action: String,
    /// Whose membership it is, unless it is one's own.
    member: Option<&'a Member>,
    error: Option<String>,
}

/// Whose membership ends.
#[derive(Debug, Deserialize)]
pub(crate) struct Ended {
    /// There, if it is one's own.
    leaving: Option<String>,
}

/// `GET /organizations/{id}/members/{person_id}/removal`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    signed_in: SignedIn,
    Path((id, person)): Path<(OrganizationId, PersonId)>,
    Query(listed): Query<Listed>,
) -> Response {
    let browser = &signed_in.browser;
    match look_up(&portal, &signed_in, id, person, listed.cursor.as_deref()).await {
        Ok((_, Some(member))) if !member.allows(MemberOperation::Remove) => see_other(&address(id)),
        Ok((me, member)) => answer(
            &portal,
            browser,
            StatusCode::OK,
            &me,
            id,
            person,
            member.as_ref(),
            &listed,
            None,
        ),
        Err(error) => Failed::page(&portal, browser, &Method::GET, &error),
    }
}

/// `POST /organizations/{id}/members/{person_id}/removal`
pub(crate) async fn end(
    State(portal): State<Arc<Portal>>,
    signed_in: SignedIn,
    Path((id, person)): Path<(OrganizationId, PersonId)>,
    Query(listed): Query<Listed>,
    Form(ended): Form<Ended>,
) -> Response {
    let SignedIn { browser, token } = &signed_in;
    let failed = |error| Failed::page(&portal, browser, &Method::POST, &error);
    let status = match members::remove(&portal.api, browser, token, id, person).await {
        // Whoever left does not see it any more.
        Ok(()) if ended.leaving.is_some() => return see_other("/organizations"),
        Ok(()) => return see_other(&address(id)),
        Err(ApiError::Refused(Refused { status, code, .. })) if code == "last-owner" => status,
        Err(error) => return failed(error),
    };
    match look_up(&portal, &signed_in, id, person, listed.cursor.as_deref()).await {
        Ok((me, member)) => {
            let error = Some(browser.language.texts().organization_last_owner());
            answer(&portal, browser, status, &me, id, person, member.as_ref(), &listed, error)
        }
        Err(error) => failed(error),
    }
}

#[expect(clippy::too_many_arguments, reason = "what one page shows")]
fn answer(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    me: &Me,
    id: OrganizationId,
    person: PersonId,
    member: Option<&Member>,
    listed: &Listed,
    error: Option<String>,
) -> Response {
    let others = member.filter(|member| member.person_id != me.id);
    let action = of_member(id, person, "removal", listed.cursor.as_deref());
    match me.in_organization(id) {
        Some(here) if person == me.id || others.is_some() => {
            draw(portal, browser, status, me, here, others, action, error)
        }
        _ => Failed::not_found(portal, browser),
    }
}

#[expect(clippy::too_many_arguments, reason = "what one page shows")]
pub(in crate::pages::organizations) fn draw(
    portal: &Portal,
    browser: &Browser,
    status: StatusCode,
    me: &Me,
    here: &Membership,
    member: Option<&Member>,
    action: String,
    error: Option<String>,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Organization);
    let t = frame.t;
    let name = here.organization_name.as_str();
    let title = match member {
        Some(member) => t.organization_remove_question(member.called(), name),
        None => t.organization_leave_question(name),
    };
    let organization = here.organization_id;
    let page = Page { title: &title, organization, name, action, member, error, frame };
    respond::page(status, browser.language, &page)
}
