//! The invitations of an organization that wait to be accepted.

pub(crate) mod create;
pub(crate) mod revocation;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::{InvitationId, OrganizationId};
use serde::Deserialize;

use super::addresses::{invitations as address, listed};
use super::head::{Head, Tab};
use crate::api::ApiError;
use crate::api::invitations::{self, Invitation, Invitations};
use crate::api::people::{self, Me, Membership, OrganizationOperation};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::member_role;
use crate::parts::switcher::Switcher;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/organizations/invitations/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    switcher: Option<Switcher<'a>>,
    head: Head,
    organization: OrganizationId,
    said: Option<Said>,
    may_invite: bool,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    id: InvitationId,
    email: String,
    role: String,
    sent: Time,
    expires: Time,
    revoke: String,
}

/// What was just done, or why it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Said {
    /// The mail goes out.
    Sent,
    /// It was sent too often.
    TooOften,
    /// Too many mails with invitations were sent.
    TooMany,
    /// It waits no more: it was accepted, revoked, or has expired.
    Ended,
}

/// Which invitations.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    pub(in crate::pages::organizations) cursor: Option<String>,
    pub(in crate::pages::organizations) said: Option<Said>,
}

/// `GET /organizations/{id}/invitations`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<OrganizationId>,
    Query(asked): Query<Asked>,
) -> Response {
    let found = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        invitations::pending(&portal.api, &browser, &token, id, asked.cursor.as_deref()),
    );
    match found {
        Ok((me, invitations)) => match me.in_organization(id) {
            Some(here) => draw(&portal, &browser, &me, here, &invitations, &asked),
            None => Failed::not_found(&portal, &browser),
        },
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /organizations/{id}/invitations/{invitation_id}/send-again`
pub(crate) async fn send_again(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path((id, invitation)): Path<(OrganizationId, InvitationId)>,
) -> Response {
    let said = match invitations::send_again(&portal.api, &browser, &token, invitation).await {
        Ok(()) => "sent",
        Err(ApiError::Refused(refused)) => match refused.code.as_str() {
            "invitation-sent-too-often" => "too-often",
            "too-many-invitations" | "too-many-requests" => "too-many",
            "invitation-already-accepted" | "invitation-expired" | "invitation-revoked" => "ended",
            _ => {
                let error = ApiError::Refused(refused);
                return Failed::page(&portal, &browser, &Method::POST, &error);
            }
        },
        Err(error) => return Failed::page(&portal, &browser, &Method::POST, &error),
    };
    see_other(&format!("{}?said={said}", address(id)))
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    here: &Membership,
    invitations: &Invitations,
    asked: &Asked,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Organization);
    let t = frame.t;
    let id = here.organization_id;
    let cursor = asked.cursor.as_deref();
    let page = Page {
        title: &t.organization_invitations(),
        switcher: Switcher::of(t, me, here, address),
        head: Head::of(t, here, Tab::Invitations),
        organization: id,
        said: asked.said,
        may_invite: here.allows(OrganizationOperation::Invite),
        rows: invitations.items.iter().filter_map(|one| Row::of(one, id, cursor, &frame)).collect(),
        next: invitations.next_cursor.as_deref().map(|cursor| listed(address(id), Some(cursor))),
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}

impl Row {
    /// One that waits still has its address.
    fn of(
        invitation: &Invitation,
        organization: OrganizationId,
        cursor: Option<&str>,
        frame: &Frame<'_>,
    ) -> Option<Self> {
        let id = invitation.id;
        Some(Self {
            id,
            email: invitation.email.clone()?,
            role: member_role::name(frame.t, invitation.role),
            sent: frame.time(invitation.sent_at),
            expires: frame.time(invitation.expires_at),
            revoke: listed(format!("{}/{id}/revocation", address(organization)), cursor),
        })
    }
}
