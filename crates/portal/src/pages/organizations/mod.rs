//! Organizations: who belongs to one, what it tells of itself, whom it has invited, what it has asked for.
//!
//! Here is the page of one with its members. `profile`, `members`, `invitations` and `domain_requests` are what is done there;
//! `head` stands above all of them.

mod addresses;
pub(crate) mod domain_requests;
mod head;
pub(crate) mod invitations;
pub(crate) mod members;
pub(crate) mod profile;
mod rows;
#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::OrganizationId;
use serde::Deserialize;

use self::addresses::{address, listed};
use self::head::{Head, Tab};
use self::rows::Row;
use crate::api::ApiError;
use crate::api::members::{MemberOperation, Members};
use crate::api::organizations::{self, Organization};
use crate::api::people::{self, Me, Membership, OrganizationOperation};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::organization_kind;
use crate::parts::switcher::Switcher;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/organizations/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    switcher: Option<Switcher<'a>>,
    head: Head,
    organization: &'a Organization,
    kind: String,
    /// Without what every address begins and ends with.
    website: Option<&'a str>,
    since: Time,
    said: Option<Said>,
    may_edit: bool,
    rows: Vec<Row<'a>>,
    has_actions: bool,
    leaving: Leaving,
    next: Option<String>,
}

/// Whether whoever looks can leave.
enum Leaving {
    /// By this page.
    By(String),
    /// Nobody else owns the organization.
    OnlyOwner,
}

/// What was just done, or why it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Said {
    /// The mail that confirms the contact address goes out again.
    Sent,
    /// Too many of them were asked for.
    TooOften,
}

/// Which members.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    pub(in crate::pages::organizations) cursor: Option<String>,
    pub(in crate::pages::organizations) said: Option<Said>,
}

/// `GET /organizations`: the first of one's own.
pub(crate) async fn first(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
) -> Response {
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => match me.memberships.first() {
            Some(membership) => see_other(&address(membership.organization_id)),
            // The page of apps says to whoever has none how they come to one.
            None => see_other("/apps"),
        },
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `GET /organizations/{id}`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<OrganizationId>,
    Query(asked): Query<Asked>,
) -> Response {
    let found = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        organizations::get(&portal.api, &browser, &token, id),
        crate::api::members::list(&portal.api, &browser, &token, id, asked.cursor.as_deref()),
    );
    match found {
        Ok((me, organization, members)) => match me.in_organization(id) {
            Some(here) => draw(&portal, &browser, &me, here, &organization, &members, &asked),
            None => Failed::not_found(&portal, &browser),
        },
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /organizations/{id}/contact-confirmations`
pub(crate) async fn send_confirmation(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<OrganizationId>,
) -> Response {
    let page = address(id);
    match organizations::send_confirmation(&portal.api, &browser, &token, id).await {
        Ok(()) => see_other(&format!("{page}?said=sent")),
        // The page says that it is confirmed.
        Err(ApiError::Refused(refused)) if refused.code == "contact-confirmed" => see_other(&page),
        Err(ApiError::Refused(refused)) if refused.code == "too-many-requests" => {
            see_other(&format!("{page}?said=too-often"))
        }
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    here: &Membership,
    organization: &Organization,
    members: &Members,
    asked: &Asked,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Organization);
    let t = frame.t;
    let own = members.items.iter().find(|member| member.person_id == me.id);
    // Who is on another page of the list learns of it where they are asked.
    let can_leave = own.is_none_or(|own| own.allows(MemberOperation::Remove));
    let of = |member| Row::of(member, organization.id, me.id, asked.cursor.as_deref(), &frame);
    let rows: Vec<_> = members.items.iter().map(of).collect();
    let page = Page {
        title: &organization.name,
        switcher: Switcher::of(t, me, here, address),
        head: Head::of(t, here, Tab::Members),
        kind: organization_kind::name(t, organization.kind),
        website: organization.website.as_deref().map(|address| {
            let bare = address.strip_prefix("https://").unwrap_or(address);
            bare.strip_suffix('/').unwrap_or(bare)
        }),
        since: frame.time(organization.created_at),
        said: asked.said,
        may_edit: here.allows(OrganizationOperation::Edit),
        has_actions: rows.iter().any(|row| row.change.is_some() || row.remove.is_some()),
        rows,
        leaving: if can_leave {
            Leaving::By(addresses::of_member(organization.id, me.id, "removal", None))
        } else {
            Leaving::OnlyOwner
        },
        next: members
            .next_cursor
            .as_deref()
            .map(|cursor| listed(address(organization.id), Some(cursor))),
        organization,
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}
