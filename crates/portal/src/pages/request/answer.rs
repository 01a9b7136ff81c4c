//! The answer to a request: approved or denied, once.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::choice::Sent;
use super::{again, closed, host};
use crate::api::people::{self, Me};
use crate::api::requests::{self, Request};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::layout::{Frame, Place};
use crate::portal::Portal;
use crate::respond::{self, private, see_other};
use crate::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/request/done.html")]
struct Done<'a> {
    frame: Frame<'a>,
    title: &'a str,
    what: &'a str,
    /// Where the app wants one to go on.
    onward: Option<(&'a str, String)>,
}

/// `POST /consent/{token}/approve`
pub(crate) async fn approve(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(link): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let sent = Sent::read(&fields);
    // Asked before: of a link that is used up nobody learns any more where the app wants one to go on.
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        requests::get(&portal.api, &browser, &token, &link),
    );
    let (me, request) = match asked {
        Ok(found) => found,
        Err(error) => {
            return closed::answer(&portal, &browser, &token, &Method::POST, &error).await;
        }
    };
    if let Some(q) = &sent.choice.all {
        // What matches is found anew by the API: only as much is granted as was shown.
        let found = requests::accounts(&portal.api, &browser, &token, &link, (q, None, "1")).await;
        let counts = match found {
            Ok(found) => found.counts,
            Err(error) => {
                return closed::answer(&portal, &browser, &token, &Method::POST, &error).await;
            }
        };
        let count = sent.choice.count(counts.map_or(0, |counts| counts.selectable));
        if sent.reviewed != Some(count) {
            let count = browser.language.grouped(count);
            let error = browser.language.texts().request_count_changed(count);
            return again(&portal, &browser, &token, &link, sent, error).await;
        }
    }
    let text = &sent.text_sha256;
    let chosen = sent.choice.body();
    let approved = requests::approve(&portal.api, &browser, &token, &link, chosen, text);
    let t = browser.language.texts();
    match approved.await {
        Ok(approved) => {
            let first = approved.granted.first().filter(|_| request.redirect_uri.is_none());
            if let Some(first) = first {
                return see_other(&format!(
                    "/consents/{}/receipt?link={}&count={}&already={}",
                    first.grant_id,
                    approved.link_id,
                    approved.granted_count,
                    approved.already_granted.len()
                ));
            }
            let app = request.app.name.as_str();
            let granted = approved.granted_count;
            let shown = browser.language.grouped(granted);
            let words = (t.request_approved(granted, app, shown), t.request_approved_what());
            done(&portal, &browser, &me, &request, words)
        }
        Err(ApiError::Refused(refused)) if stays_open(&refused) => {
            let error = match refused.code.as_str() {
                "consent-text-changed" => t.request_words_changed(),
                "nothing-to-choose" => t.request_choose_one(),
                _ => t.request_accounts_changed(),
            };
            again(&portal, &browser, &token, &link, sent, error).await
        }
        Err(error) => closed::answer(&portal, &browser, &token, &Method::POST, &error).await,
    }
}

/// Whether the link can still be answered after a refusal: some accounts cannot be chosen, or the words changed.
fn stays_open(refused: &Refused) -> bool {
    ["consent-text-changed", "consents-changed"].contains(&refused.code.as_str())
        || matches!(refused.status, StatusCode::FORBIDDEN | StatusCode::UNPROCESSABLE_ENTITY)
}

/// `POST /consent/{token}/deny`
pub(crate) async fn deny(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(link): Path<String>,
) -> Response {
    let asked = futures::try_join!(
        people::me(&portal.api, &browser, &token),
        requests::get(&portal.api, &browser, &token, &link),
    );
    let (me, request) = match asked {
        Ok(found) => found,
        Err(error) => {
            return closed::answer(&portal, &browser, &token, &Method::POST, &error).await;
        }
    };
    let t = browser.language.texts();
    match requests::deny(&portal.api, &browser, &token, &link).await {
        Ok(()) => {
            let words =
                (t.request_denied(), t.request_denied_what(request.organization.name.as_str()));
            done(&portal, &browser, &me, &request, words)
        }
        Err(error) => closed::answer(&portal, &browser, &token, &Method::POST, &error).await,
    }
}

pub(super) fn done(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    request: &Request,
    (title, what): (String, String),
) -> Response {
    let uri = request.redirect_uri.as_deref();
    let page = Done {
        frame: Frame::signed(portal, browser, me, Place::Elsewhere),
        title: &title,
        what: &what,
        onward: uri.and_then(|uri| Some((uri, host(uri)?))),
    };
    private(portal, respond::page(StatusCode::OK, browser.language, &page))
}
