//! Somebody is invited.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::OrganizationId;
use contract::rpc::MemberRole;
use serde::Deserialize;

use super::super::addresses::invitations as address;
use crate::api::people::{self, Me, Membership, OrganizationOperation};
use crate::api::{ApiError, Refused, invitations};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::field::Field;
use crate::parts::member_role::RoleChoice;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::texts::Texts;

#[derive(Template)]
#[template(path = "pages/organizations/invitations/create.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    organization: OrganizationId,
    /// Whether they may; else the page says who.
    may_invite: bool,
    /// Invites once, however often the form is sent.
    key: &'a str,
    email: Field<'a>,
    roles: RoleChoice,
    error: Option<String>,
}

/// What is typed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    pub(in crate::pages::organizations) key: String,
    #[serde(default)]
    pub(in crate::pages::organizations) email: String,
    pub(in crate::pages::organizations) role: Option<MemberRole>,
}

/// `GET /organizations/{id}/invitations/new`
pub(crate) async fn ask(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<OrganizationId>,
) -> Response {
    let typed = Typed { key: browser.facts.request_id.clone(), ..Typed::default() };
    let none = Faults::default();
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => answer(&portal, &browser, &me, StatusCode::OK, id, &typed, &none, None),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /organizations/{id}/invitations/new`
pub(crate) async fn create(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<OrganizationId>,
    Form(typed): Form<Typed>,
) -> Response {
    let t = browser.language.texts();
    let (status, faults, error) = match typed.role {
        None => {
            let mut faults = Faults::default();
            faults.set("role", t.fault_required());
            (StatusCode::UNPROCESSABLE_ENTITY, faults, None)
        }
        Some(role) => {
            let (key, email) = (&typed.key, typed.email.trim());
            match invitations::invite(&portal.api, &browser, &token, key, id, email, role).await {
                Ok(()) => return see_other(&format!("{}?said=sent", address(id))),
                Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => {
                    (refused.status, Faults::of(t, &refused), None)
                }
                Err(ApiError::Refused(refused)) => {
                    let Some(error) = why_not(t, &refused) else {
                        let error = ApiError::Refused(refused);
                        return Failed::page(&portal, &browser, &Method::POST, &error);
                    };
                    (refused.status, Faults::default(), Some(error))
                }
                Err(error) => return Failed::page(&portal, &browser, &Method::POST, &error),
            }
        }
    };
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => answer(&portal, &browser, &me, status, id, &typed, &faults, error),
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

/// A refusal in words, if there are some for it.
pub(in crate::pages::organizations) fn why_not(t: &Texts, refused: &Refused) -> Option<String> {
    match refused.code.as_str() {
        "already-invited" => Some(t.invitation_already_waits()),
        "too-many-open-invitations" => Some(t.invitation_too_many_open()),
        "too-many-invitations" | "too-many-requests" => Some(t.invitation_too_many_mails()),
        _ => None,
    }
}

#[expect(clippy::too_many_arguments, reason = "what one page shows")]
fn answer(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    status: StatusCode,
    id: OrganizationId,
    typed: &Typed,
    faults: &Faults,
    error: Option<String>,
) -> Response {
    match me.in_organization(id) {
        Some(here) => draw(portal, browser, me, here, status, typed, faults, error),
        None => Failed::not_found(portal, browser),
    }
}

#[expect(clippy::too_many_arguments, reason = "what one page shows")]
pub(in crate::pages::organizations) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    here: &Membership,
    status: StatusCode,
    typed: &Typed,
    faults: &Faults,
    error: Option<String>,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Organization);
    let t = frame.t;
    let page = Page {
        title: &t.invitation_new(here.organization_name.as_str()),
        organization: here.organization_id,
        may_invite: here.allows(OrganizationOperation::Invite),
        key: &typed.key,
        email: Field {
            name: "email",
            label: t.invitation_email(),
            optional: None,
            hint: Some(t.invitation_email_hint()),
            value: &typed.email,
            max: 254,
            rows: 1,
            error: faults.on("email"),
        },
        roles: RoleChoice::new(t, typed.role, faults.on("role").map(str::to_owned)),
        error,
        frame,
    };
    respond::page(status, browser.language, &page)
}
