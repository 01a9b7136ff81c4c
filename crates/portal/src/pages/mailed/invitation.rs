//! An invitation: who is invited by whom to what; accepted by whoever is signed in, or by somebody new.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use contract::rpc::MemberRole;
use serde::Deserialize;

use crate::api::mailed::{self, Invitation, InvitedTo, NewPerson};
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::outcome::{outcome, spent};
use crate::parts::account_role;
use crate::portal::Portal;
use crate::respond::{self, private, see_other, see_other_with};
use crate::texts::Texts;
use crate::then;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/mailed/invitation.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    link: &'a str,
    invitation: &'a Invitation,
    role: String,
    until: Time,
    /// Who is signed in.
    me: Option<&'a Me>,
    /// Where somebody who is known here signs in.
    sign_in: String,
    name: &'a str,
    faults: &'a Faults,
    error: Option<String>,
}

/// What somebody new says of themselves; nothing, of whoever is signed in.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    name: String,
    password: Option<String>,
}

/// `GET /accept-invitation/{token}`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    headers: HeaderMap,
    Path(link): Path<String>,
) -> Response {
    let me = who(&portal, &browser, &headers).await;
    match mailed::invitation(&portal.api, &browser, &link).await {
        Ok(invitation) => {
            let none = Faults::default();
            let shown = Shown { invitation: &invitation, me: me.as_ref(), name: "", faults: &none };
            draw(&portal, &browser, &link, StatusCode::OK, &shown, None)
        }
        Err(error) => refused(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /accept-invitation/{token}`
pub(crate) async fn accept(
    State(portal): State<Arc<Portal>>,
    browser: Browser,
    headers: HeaderMap,
    Path(link): Path<String>,
    Form(typed): Form<Typed>,
) -> Response {
    let error = match (portal.cookie.token(&headers), typed.password.as_deref()) {
        // Who is new says so by choosing a password.
        (_, Some(password)) => {
            let person =
                NewPerson { name: &typed.name, password, language: browser.language.tag() };
            match mailed::accept_as_new(&portal.api, &browser, &link, person).await {
                Ok(token) => {
                    return match portal.cookie.set(&token) {
                        Some(cookie) => see_other_with("/", cookie),
                        None => refused(&portal, &browser, &Method::POST, &ApiError::no_header()),
                    };
                }
                Err(error) => error,
            }
        }
        (Some(token), None) => match mailed::accept(&portal.api, &browser, &token, &link).await {
            Ok(()) => return see_other("/"),
            Err(error) => error,
        },
        (None, None) => ApiError::SignedOut,
    };
    let faults = match &error {
        ApiError::Refused(refused) if !refused.errors.is_empty() => {
            Faults::of(browser.language.texts(), refused)
        }
        ApiError::Refused(Refused { status: StatusCode::UNAUTHORIZED, .. })
        | ApiError::SignedOut => Faults::default(),
        _ => return refused(&portal, &browser, &Method::POST, &error),
    };
    // The page again, with what is wrong: fields, or that they have to sign in as who they are.
    let me = who(&portal, &browser, &headers).await;
    match mailed::invitation(&portal.api, &browser, &link).await {
        Ok(invitation) => {
            let must_sign_in =
                !matches!(&error, ApiError::Refused(refused) if !refused.errors.is_empty());
            let sentence =
                must_sign_in.then(|| browser.language.texts().invitation_sign_in_first());
            let shown = Shown {
                invitation: &invitation,
                me: me.as_ref(),
                name: &typed.name,
                faults: &faults,
            };
            draw(&portal, &browser, &link, StatusCode::UNPROCESSABLE_ENTITY, &shown, sentence)
        }
        Err(error) => refused(&portal, &browser, &Method::POST, &error),
    }
}

/// Who is signed in, if anybody is.
async fn who(portal: &Portal, browser: &Browser, headers: &HeaderMap) -> Option<Me> {
    let token = portal.cookie.token(headers)?;
    people::me(&portal.api, browser, &token).await.ok()
}

fn refused(portal: &Portal, browser: &Browser, method: &Method, error: &ApiError) -> Response {
    let t = browser.language.texts();
    if let ApiError::Refused(refused) = error {
        if refused.code.starts_with("already-") {
            let words = (&*t.invitation_already(), &*t.invitation_already_what());
            return outcome(portal, browser, refused.status, words, ("/", t.problem_home()));
        }
        if let Some(page) = spent(portal, browser, refused) {
            return page;
        }
    }
    private(portal, Failed::page(portal, browser, method, error))
}

/// What the page is drawn of.
pub(super) struct Shown<'a> {
    pub(super) invitation: &'a Invitation,
    pub(super) me: Option<&'a Me>,
    pub(super) name: &'a str,
    pub(super) faults: &'a Faults,
}

fn member_role(t: &Texts, role: MemberRole) -> String {
    match role {
        MemberRole::Owner => t.invited_owner(),
        MemberRole::Developer => t.invited_developer(),
        MemberRole::Auditor => t.invited_auditor(),
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    link: &str,
    status: StatusCode,
    shown: &Shown<'_>,
    error: Option<String>,
) -> Response {
    let frame = Frame::anonymous(portal, browser);
    let t = frame.t;
    let Shown { invitation, me, name, faults } = *shown;
    let (title, role) = match invitation.to {
        InvitedTo::Organization { role } => {
            (t.invitation_title(invitation.name.as_str()), member_role(t, role))
        }
        InvitedTo::Account { role } => {
            (t.invitation_account_title(invitation.name.as_str()), account_role::name(t, role))
        }
    };
    let page = Page {
        title: &title,
        link,
        invitation,
        role,
        until: frame.time(invitation.expires_at),
        me,
        sign_in: then::sign_in_address(&format!("/accept-invitation/{link}")),
        name,
        faults,
        error,
        frame,
    };
    private(portal, respond::page(status, browser.language, &page))
}
