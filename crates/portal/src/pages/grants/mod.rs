//! The accounts that consented to an app.

#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use contract::ids::{AccountId, AppId};
use serde::Deserialize;

use crate::api::app_grants::{self, AppGrant, AppGrants, GrantState};
use crate::api::catalogue::Catalogue;
use crate::api::context::{self, AppContext};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::app_head::{AppHead, Tab};
use crate::parts::domains::{self, Allowed};
use crate::parts::mark::{Mark, Shape};
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;
use crate::times::Time;

/// The end of a grant is pointed out so long before.
const SOON: TimeDelta = TimeDelta::days(30);

#[derive(Template)]
#[template(path = "pages/grants/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    head: AppHead<'a>,
    app: AppId,
    state: Option<GrantState>,
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    account: AccountId,
    name: Option<String>,
    allowed: Vec<Allowed>,
    mark: Mark,
    granted: Time,
    /// When it ends, or ended.
    ends: Option<Time>,
    is_ending: bool,
    last_used: Option<Time>,
}

impl Row {
    fn of(grant: &AppGrant, catalogue: &Catalogue, frame: &Frame<'_>, now: DateTime<Utc>) -> Self {
        let t = frame.t;
        let is_live = grant.state == GrantState::Live;
        let soon = grant.expires_at.is_some_and(|at| at - now < SOON);
        let service = Some(grant.account.service.as_str());
        Self {
            account: grant.account.id,
            name: grant.account.name.clone(),
            allowed: domains::in_words(t, catalogue, service, &grant.domains),
            mark: match grant.state {
                GrantState::Live => Mark::new(Shape::Full, t.grant_live()),
                GrantState::Expired => Mark::new(Shape::Square, t.grant_expired()),
                GrantState::Revoked => Mark::new(Shape::Cross, t.grant_revoked()),
            },
            granted: frame.time(grant.granted_at),
            ends: grant.ended_at.or(grant.expires_at).map(|at| frame.time(at)),
            is_ending: is_live && soon,
            last_used: grant.last_used_at.map(|at| frame.time(at)),
        }
    }
}

/// Which grants.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    state: Option<GrantState>,
    cursor: Option<String>,
}

/// `GET /apps/{id}/grants`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<AppId>,
    Query(asked): Query<Asked>,
) -> Response {
    let Asked { state, cursor } = asked;
    let read = futures::try_join!(
        context::read(&portal, &browser, &token, id),
        app_grants::list(&portal.api, &browser, &token, id, state, cursor.as_deref()),
    );
    match read {
        Ok((context, grants)) => draw(&portal, &browser, &context, &grants, state),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    context: &AppContext,
    grants: &AppGrants,
    state: Option<GrantState>,
) -> Response {
    let AppContext { me, app, catalogue } = context;
    let frame = Frame::signed(portal, browser, me, Place::MyApps);
    let row = |grant| Row::of(grant, catalogue, &frame, browser.now);
    let service = catalogue.title_of(app.service.as_deref(), frame.t);
    let page = Page {
        title: &frame.t.app_grants_of(app.name.as_str()),
        head: AppHead::new(frame.t, app, service, Tab::Grants),
        app: app.id,
        state,
        rows: grants.items.iter().map(row).collect(),
        next: grants.next_cursor.as_deref().map(|cursor| older(app.id, state, cursor)),
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}

fn older(app: AppId, state: Option<GrantState>, cursor: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(state) = state {
        query.append_pair("state", state.as_str());
    }
    format!("/apps/{app}/grants?{}", query.append_pair("cursor", cursor).finish())
}

impl Page<'_> {
    fn shows(&self, state: GrantState) -> bool {
        self.state == Some(state)
    }

    /// What the grants in a state are called.
    fn plural(&self, state: GrantState) -> String {
        match state {
            GrantState::Live => self.frame.t.grants_live(),
            GrantState::Expired => self.frame.t.grants_expired(),
            GrantState::Revoked => self.frame.t.grants_revoked(),
        }
    }
}
