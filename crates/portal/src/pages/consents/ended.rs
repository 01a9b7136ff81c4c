//! Consents that have ended: revoked, or expired.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::GrantId;
use serde::Deserialize;

use super::own;
use crate::api::consents::{self, Consent, ConsentState};
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;
use crate::times::Time;

/// How many of each kind are shown: what is older is in the log.
const LIMIT: &str = "100";

#[derive(Template)]
#[template(path = "pages/consents/ended.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    rows: Vec<Row>,
    /// Where the next pages of the two begin.
    revoked: Option<String>,
    expired: Option<String>,
}

struct Row {
    id: GrantId,
    what: String,
    at: Option<Time>,
    how: String,
}

/// From where on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    revoked: Option<String>,
    expired: Option<String>,
}

/// A page of both kinds.
pub(super) struct Found {
    pub(super) items: Vec<Consent>,
    pub(super) revoked: Option<String>,
    pub(super) expired: Option<String>,
}

/// `GET /consents/ended`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Query(asked): Query<Asked>,
) -> Response {
    let list = async |state: ConsentState, cursor: Option<&str>| {
        let mut filter = vec![("state", state.name()), ("limit", LIMIT)];
        filter.extend(cursor.map(|cursor| ("cursor", cursor)));
        consents::list(&portal.api, &browser, &token, &filter).await
    };
    let found = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        list(ConsentState::Revoked, asked.revoked.as_deref()),
        list(ConsentState::Expired, asked.expired.as_deref()),
    );
    match found {
        Ok((me, revoked, expired)) => {
            let found = Found {
                items: revoked.items.into_iter().chain(expired.items).collect(),
                revoked: revoked.next_cursor,
                expired: expired.next_cursor,
            };
            draw(&portal, &browser, &me, found)
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

pub(super) fn draw(portal: &Portal, browser: &Browser, me: &Me, found: Found) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyConsents);
    let t = frame.t;
    let title = t.consents_ended_title();
    let mut items = own(found.items);
    items.sort_by_key(|consent| std::cmp::Reverse(consent.ended_at));
    let rows = items.into_iter().map(|consent| {
        let app = consent.app.name.unwrap_or_else(|| consent.app.id.to_string());
        let account = consent.account.name.unwrap_or_else(|| consent.account.id.to_string());
        Row {
            id: consent.id,
            what: t.consents_app_on_account(app, account),
            at: consent.ended_at.map(|at| frame.time(at)),
            how: match consent.state {
                ConsentState::Expired => t.consents_expired(),
                ConsentState::Live | ConsentState::Revoked => t.consents_revoked(),
            },
        }
    });
    let rows = rows.collect();
    let page = Page { title: &title, rows, revoked: found.revoked, expired: found.expired, frame };
    respond::page(StatusCode::OK, browser.language, &page)
}

impl Page<'_> {
    /// The address of what is older, if there is more of either.
    fn older(&self) -> Option<String> {
        if self.revoked.is_none() && self.expired.is_none() {
            return None;
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, cursor) in [("revoked", &self.revoked), ("expired", &self.expired)] {
            if let Some(cursor) = cursor {
                query.append_pair(name, cursor);
            }
        }
        Some(format!("/consents/ended?{}", query.finish()))
    }
}
