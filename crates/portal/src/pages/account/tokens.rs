//! API tokens: what programs of one's own sign in with.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::ApiTokenId;
use serde::Deserialize;

use crate::api::own::{self, ApiTokens, NewApiToken};
use crate::api::people::{self, Me};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::layout::{Frame, Place};
use crate::parts::copy::Copy;
use crate::parts::field::Field;
use crate::portal::Portal;
use crate::respond::{self, see_other};
use crate::signed_in::SignedIn;
use crate::times::Time;

#[derive(Template)]
#[template(path = "pages/account/tokens.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    rows: Vec<Row>,
    next: Option<String>,
    name: Field<'a>,
    error: Option<String>,
}

struct Row {
    id: ApiTokenId,
    name: String,
    hint: String,
    created: Time,
    last_used: Option<Time>,
    ends: Option<Time>,
}

#[derive(Template)]
#[template(path = "pages/account/token_made.html")]
struct Made<'a> {
    frame: Frame<'a>,
    title: &'a str,
    token: Copy<'a>,
    ends: Option<Time>,
}

/// From where on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    cursor: Option<String>,
}

/// What is typed.
#[derive(Debug, Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    name: String,
}

/// `GET /account/tokens`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Query(Asked { cursor }): Query<Asked>,
) -> Response {
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        own::tokens(&portal.api, &browser, &token, cursor.as_deref()),
    );
    match asked {
        Ok((me, tokens)) => {
            let (name, none) = ("", Faults::default());
            draw(&portal, &browser, &me, StatusCode::OK, tokens, (name, &none, None))
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `POST /account/tokens`: the answer is the page with the token, which no other page has.
pub(crate) async fn create(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Form(Typed { name }): Form<Typed>,
) -> Response {
    let failed = |error| Failed::page(&portal, &browser, &Method::POST, &error);
    let t = browser.language.texts();
    let (status, faults, error) =
        match own::create_token(&portal.api, &browser, &token, &name).await {
            Ok(new) => {
                return match people::me(&portal.api, &browser, &token).await {
                    Ok(me) => made(&portal, &browser, &me, &new),
                    Err(error) => failed(error),
                };
            }
            Err(ApiError::Refused(refused)) if !refused.errors.is_empty() => {
                (refused.status, Faults::of(t, &refused), None)
            }
            Err(ApiError::Refused(Refused { status: StatusCode::CONFLICT, .. })) => {
                (StatusCode::CONFLICT, Faults::default(), Some(t.tokens_too_many()))
            }
            Err(error) => return failed(error),
        };
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        own::tokens(&portal.api, &browser, &token, None),
    );
    match asked {
        Ok((me, tokens)) => draw(&portal, &browser, &me, status, tokens, (&name, &faults, error)),
        Err(error) => failed(error),
    }
}

/// `POST /account/tokens/{id}/end`
pub(crate) async fn end(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<ApiTokenId>,
) -> Response {
    match own::end_token(&portal.api, &browser, &token, id).await {
        Ok(()) => see_other("/account/tokens"),
        Err(error) => Failed::page(&portal, &browser, &Method::POST, &error),
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    status: StatusCode,
    ApiTokens { items, next_cursor }: ApiTokens,
    (typed, faults, error): (&str, &Faults, Option<String>),
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Account);
    let t = frame.t;
    let ended = |at: Option<_>| at.is_some_and(|at| at <= browser.now);
    // What has ended is in the log, not in a list of what works.
    let working =
        items.into_iter().filter(|one| one.revoked_at.is_none() && !ended(one.expires_at));
    let rows = working.map(|one| Row {
        id: one.id,
        name: one.name,
        hint: one.hint,
        created: frame.time(one.created_at),
        last_used: one.last_used_at.map(|at| frame.time(at)),
        ends: one.expires_at.map(|at| frame.time(at)),
    });
    let page = Page {
        title: &t.tokens_title(),
        rows: rows.collect(),
        next: next_cursor,
        name: Field {
            name: "name",
            label: t.wizard_name(),
            optional: None,
            hint: Some(t.tokens_name_hint()),
            value: typed,
            max: 100,
            rows: 1,
            error: faults.on("name"),
        },
        error,
        frame,
    };
    respond::page(status, browser.language, &page)
}

pub(super) fn made(portal: &Portal, browser: &Browser, me: &Me, new: &NewApiToken) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Account);
    let t = frame.t;
    let page = Made {
        title: &t.tokens_made(new.name.as_str()),
        token: Copy {
            t,
            id: "token",
            label: t.tokens_token(),
            hint: Some(t.tokens_token_hint()),
            value: &new.token,
        },
        ends: new.expires_at.map(|at| frame.time(at)),
        frame,
    };
    respond::page(StatusCode::CREATED, browser.language, &page)
}
