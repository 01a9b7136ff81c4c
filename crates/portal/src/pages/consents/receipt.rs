//! The receipt of a consent: between whom, for what in the words that were shown, until when, and where it is on record.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use contract::ids::{GrantId, LinkId};
use serde::Deserialize;

use crate::api::consents::{self, ConsentState, Consents, Receipt};
use crate::api::people::{self, Me};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::able::Able;
use crate::parts::chip::Chip;
use crate::portal::Portal;
use crate::respond;
use crate::signed_in::SignedIn;
use crate::times::Time;

/// How many of the newest consents are looked through for those of the same approval.
const LOOKED_THROUGH: &str = "200";

#[derive(Template)]
#[template(path = "pages/consents/receipt.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    receipt: &'a Receipt,
    app: String,
    organization: String,
    by: Option<String>,
    chip: Option<Chip>,
    granted: Time,
    until: Option<Time>,
    ended: Option<Time>,
    issued: Time,
    able: Option<Able<'a>>,
    language: Option<String>,
    accounts: Vec<Account>,
    /// How many accounts of the same approval are not named here.
    more: usize,
    /// How many more were chosen that had consented before.
    already: usize,
    is_live: bool,
}

/// An account that consented in the same approval.
struct Account {
    id: GrantId,
    name: String,
}

/// What was approved just now.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Approved {
    pub(super) link: Option<LinkId>,
    pub(super) count: Option<usize>,
    /// How many of the chosen accounts had consented before.
    pub(super) already: Option<usize>,
}

/// `GET /consents/{id}/receipt`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<GrantId>,
    Query(approved): Query<Approved>,
) -> Response {
    let newest = [("limit", LOOKED_THROUGH)];
    let found = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        consents::receipt(&portal.api, &browser, &token, id),
        consents::list(&portal.api, &browser, &token, &newest),
    );
    match found {
        Ok((me, receipt, newest)) => draw(&portal, &browser, &me, &receipt, &newest, &approved),
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

/// `GET /consents/{id}/receipt.json`: the same for programs, as the API has it.
pub(crate) async fn file(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(id): Path<GrantId>,
) -> Response {
    match consents::receipt_file(&portal.api, &browser, &token, id).await {
        Ok((kind, bytes)) => {
            let name = format!("attachment; filename=\"consent-{id}.json\"");
            match HeaderValue::from_str(&name) {
                Ok(name) => {
                    ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], bytes).into_response()
                }
                Err(_) => Failed::not_found(&portal, &browser),
            }
        }
        Err(error) => Failed::page(&portal, &browser, &Method::GET, &error),
    }
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    receipt: &Receipt,
    newest: &Consents,
    approved: &Approved,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::MyConsents);
    let t = frame.t;
    let shown = receipt.purposes.shown.as_ref();
    // As they were called then; as they are called today, if the words were erased.
    let app =
        shown.map(|shown| shown.app_name.clone()).or_else(|| receipt.parties.app.name.clone());
    let app = app.unwrap_or_else(|| receipt.parties.app.id.to_string());
    let organization = shown.map(|shown| shown.organization_name.clone());
    let organization = organization.or_else(|| receipt.parties.organization.name.clone());
    let by = receipt
        .parties
        .granted_by
        .as_ref()
        .map(|by| by.name.clone().unwrap_or_else(|| t.consents_somebody()));
    let mut accounts: Vec<_> = newest
        .items
        .iter()
        .filter(|consent| consent.link_id == receipt.state.link_id)
        .map(|consent| Account {
            id: consent.id,
            name: consent.account.name.clone().unwrap_or_else(|| consent.account.id.to_string()),
        })
        .collect();
    if accounts.is_empty() {
        let account = &receipt.parties.account;
        let name = account.name.clone().unwrap_or_else(|| account.id.to_string());
        accounts.push(Account { id: receipt.record_id, name });
    }
    let is_of_this = approved.link == Some(receipt.state.link_id);
    let already = approved.already.filter(|_| is_of_this).unwrap_or_default();
    let count = approved.count.filter(|_| is_of_this);
    let count = count.unwrap_or(accounts.len()).max(accounts.len());
    let is_live = receipt.state.name == ConsentState::Live;
    let title = if is_live {
        t.receipt_title(count, app.as_str(), frame.grouped(count))
    } else {
        t.receipt_title_ended(app.as_str())
    };
    let page = Page {
        title: &title,
        organization: organization.unwrap_or_default(),
        app,
        by,
        chip: receipt.events.first().map(|event| Chip {
            t,
            position: event.position,
            event: Some(event.id),
            at: frame.time(event.time),
        }),
        granted: frame.time(receipt.state.granted_at),
        until: receipt.state.expires_at.map(|at| frame.time(at)),
        ended: receipt.state.ended_at.map(|at| frame.time(at)),
        issued: frame.time(receipt.issued_at),
        able: shown.map(|shown| Able::of(t, &shown.domains)),
        language: shown.map(|shown| shown.language.clone()),
        more: count - accounts.len(),
        already,
        accounts,
        is_live,
        receipt,
        frame,
    };
    respond::page(StatusCode::OK, browser.language, &page)
}

impl Page<'_> {
    const fn has_more(&self) -> bool {
        self.more > 0
    }

    const fn has_earlier(&self) -> bool {
        self.already > 0
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use crate::gallery::gallery;

    #[tokio::test]
    async fn accounts_that_had_consented_before_are_counted_and_the_chip_leads_to_the_proof() {
        let sample = Request::get("/gallery/consents/receipt_of_some").body(Body::empty()).unwrap();
        let Ok(page) = gallery().oneshot(sample).await;
        let page = page.into_body().collect().await.unwrap().to_bytes();
        let page = String::from_utf8(page.to_vec()).unwrap().replace(['\u{2068}', '\u{2069}'], "");
        assert!(page.contains("2 more accounts were chosen that had consented before."), "{page}");
        let chip = "<a class=\"chip\" href=\"/events/0195b2a0-0000-7000-8000-000000000e02/proof\"";
        assert!(page.contains(chip), "{page}");
    }
}
