//! The last step: exactly what will be granted; and the question whether to deny.

use askama::Template;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::ids::AccountId;
use contract::secret::SessionToken;

use super::choice::{Choice, Sent};
use super::{again, closed, host};
use crate::api::account_names;
use crate::api::people::{self, Me};
use crate::api::requests::{self, Accounts, Request};
use crate::browser::Browser;
use crate::layout::{Frame, Place};
use crate::parts::able::Able;
use crate::portal::Portal;
use crate::respond::{self, private};
use crate::times::Time;

/// So many accounts are named, the others counted: as many as one question names.
const NAMED: usize = 100;

#[derive(Template)]
#[template(path = "pages/request/review.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    link: &'a str,
    request: &'a Request,
    me: &'a Me,
    names: Vec<String>,
    /// How many more there are than are named.
    more: usize,
    count: usize,
    fields: Vec<(&'static str, String)>,
    able: Able<'a>,
    until: Option<Time>,
    afterwards: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/request/deny.html")]
struct Deny<'a> {
    frame: Frame<'a>,
    title: &'a str,
    link: &'a str,
    request: &'a Request,
}

impl Page<'_> {
    const fn has_more(&self) -> bool {
        self.more > 0
    }
}

/// What is chosen, by name.
pub(super) struct Named {
    pub(super) names: Vec<String>,
    pub(super) count: usize,
}

/// Shows what would be granted, or says that nothing is chosen.
pub(super) async fn review(
    portal: &Portal,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
    sent: Sent,
) -> Response {
    if sent.choice.all.is_none() && sent.choice.some.is_empty() {
        let error = browser.language.texts().request_choose_one();
        return again(portal, browser, token, link, sent, error).await;
    }
    let asked = futures::try_join!(
        people::me(&portal.api, browser, token),
        requests::get(&portal.api, browser, token, link),
        named(portal, browser, token, link, &sent.choice),
    );
    match asked {
        Ok((_, _, named)) if named.count == 0 => {
            let error = browser.language.texts().request_choose_one();
            again(portal, browser, token, link, sent, error).await
        }
        Ok((me, request, named)) => draw(portal, browser, &me, link, &request, &sent.choice, named),
        Err(error) => closed::answer(portal, browser, token, &Method::POST, &error).await,
    }
}

async fn named(
    portal: &Portal,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
    choice: &Choice,
) -> Result<Named, crate::api::ApiError> {
    if let Some(q) = &choice.all {
        let found = requests::accounts(&portal.api, browser, token, link, (q, None, "100")).await?;
        let count = choice.count(found.counts.as_ref().map_or(0, |counts| counts.selectable));
        return Ok(Named { names: chosen_of(&found, choice), count });
    }
    let ids: Vec<AccountId> = choice.some.iter().copied().take(NAMED).collect();
    let names = account_names::of(&portal.api, browser, token, &ids).await?;
    Ok(Named { names, count: choice.some.len() })
}

fn chosen_of(found: &Accounts, choice: &Choice) -> Vec<String> {
    let chosen = found.items.iter().filter(|account| account.selectable && choice.has(account.id));
    chosen.map(|account| account.name.clone()).collect()
}

pub(super) fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    link: &str,
    request: &Request,
    choice: &Choice,
    Named { names, count }: Named,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Elsewhere);
    let title =
        frame.t.request_review_title(count, request.app.name.as_str(), frame.grouped(count));
    let mut fields = choice.fields();
    fields.push(("text", request.text_sha256.clone()));
    fields.push(("reviewed", count.to_string()));
    let page = Page {
        title: &title,
        link,
        request,
        me,
        more: count.saturating_sub(names.len()),
        names,
        count,
        fields,
        able: Able::of(frame.t, &request.domains),
        until: request.grants_expire_at.map(|at| frame.time(at)),
        afterwards: request.redirect_uri.as_deref().and_then(host),
        frame,
    };
    private(portal, respond::page(StatusCode::OK, browser.language, &page))
}

/// Asks whether it is to be denied.
pub(super) async fn ask_to_deny(
    portal: &Portal,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
) -> Response {
    let asked = futures::try_join!(
        people::me(&portal.api, browser, token),
        requests::get(&portal.api, browser, token, link),
    );
    match asked {
        Ok((me, request)) => draw_deny(portal, browser, &me, link, &request),
        Err(error) => closed::answer(portal, browser, token, &Method::POST, &error).await,
    }
}

pub(super) fn draw_deny(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    link: &str,
    request: &Request,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Elsewhere);
    let title = frame.t.request_deny_title(request.organization.name.as_str());
    let page = Deny { title: &title, link, request, frame };
    private(portal, respond::page(StatusCode::OK, browser.language, &page))
}
