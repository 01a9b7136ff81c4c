//! A request for access: who asks, for what, and for which of one's accounts. In two steps: no single click that
//! somebody else provoked grants anything.
//!
//! The token of the link is in the path. Reading never uses the link up.

mod answer;
mod choice;
mod closed;
mod list;
mod review;
#[cfg(debug_assertions)]
pub(crate) mod samples;

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use contract::secret::SessionToken;

pub(crate) use self::answer::{approve, deny};
use self::choice::{Act, Choice, Sent};
use self::list::List;
use crate::api::people::{self, Me};
use crate::api::requests::{self, Accounts, PAGE, Request};
use crate::api::{ApiError, Refused};
use crate::browser::Browser;
use crate::failed::Failed;
use crate::layout::{Frame, Place};
use crate::parts::able::Able;
use crate::parts::lookalike;
use crate::parts::pattern::Pattern;
use crate::portal::Portal;
use crate::respond::{self, private};
use crate::signed_in::SignedIn;
use crate::times::Time;

/// Up to so many that match are chosen one by one, so that another search can follow: as many as one question finds.
const ENUMERATED: u32 = 200;
const ENUMERATED_PAGE: &str = "200";

#[derive(Template)]
#[template(path = "pages/request/page.html")]
struct Page<'a> {
    frame: Frame<'a>,
    title: &'a str,
    link: &'a str,
    request: &'a Request,
    since: Option<Time>,
    /// The host to which one is sent afterwards.
    afterwards: Option<String>,
    picture: Option<Pattern>,
    /// Names that mix scripts, and so can look like others.
    is_lookalike: bool,
    able: Able<'a>,
    until: Option<Time>,
    answer_by: Time,
    list: List,
    note: Option<String>,
    error: Option<String>,
}

impl Page<'_> {
    /// Whether the person has no account that the request could be about.
    fn has_nothing_to_choose(&self) -> bool {
        let List { is_empty, is_first, q, count, .. } = &self.list;
        *is_empty && *is_first && q.is_empty() && *count == 0
    }
}

/// What a page is drawn of.
struct Drawn {
    request: Request,
    accounts: Accounts,
    choice: Choice,
    q: String,
    /// Whether these are the first that match.
    is_first: bool,
}

/// `GET /consent/{token}`
pub(crate) async fn show(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(link): Path<String>,
) -> Response {
    let asked = futures::try_join!(
        requests::get(&portal.api, &browser, &token, &link),
        requests::accounts(&portal.api, &browser, &token, &link, ("", None, PAGE)),
    );
    let failed = async |error: &ApiError| {
        closed::answer(&portal, &browser, &token, &Method::GET, error).await
    };
    let (request, accounts) = match asked {
        Ok(found) => found,
        Err(error) => return failed(&error).await,
    };
    match people::me(&portal.api, &browser, &token).await {
        Ok(me) => {
            let choice = Choice::default();
            let drawn = Drawn { request, accounts, choice, q: String::new(), is_first: true };
            draw(&portal, &browser, &me, &link, &drawn, None, None)
        }
        Err(error) => failed(&error).await,
    }
}

/// `POST /consent/{token}`: searches, chooses, passes on; or goes on to the review or to the question whether to deny.
pub(crate) async fn choose(
    State(portal): State<Arc<Portal>>,
    SignedIn { browser, token }: SignedIn,
    Path(link): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let sent = Sent::read(&fields);
    let failed = async |error: &ApiError| {
        closed::answer(&portal, &browser, &token, &Method::POST, error).await
    };
    let t = browser.language.texts();
    let mut note = None;
    match sent.act {
        Act::Review => return review::review(&portal, &browser, &token, &link, sent).await,
        Act::Deny => return review::ask_to_deny(&portal, &browser, &token, &link).await,
        Act::PassOn(account, person) => {
            let passed = requests::pass_on(&portal.api, &browser, &token, &link, account, person);
            note = match passed.await {
                Ok(()) => Some(t.request_passed_on()),
                Err(ApiError::Refused(refused)) if list::is_about_passing_on(&refused) => {
                    Some(list::not_passed_on(t, &refused))
                }
                Err(error) => return failed(&error).await,
            };
        }
        _ => {}
    }
    match look_up(&portal, &browser, &token, &link, sent).await {
        Ok((me, drawn)) => draw(&portal, &browser, &me, &link, &drawn, note, None),
        Err(error) => failed(&error).await,
    }
}

/// The list that a form asks for, with what is chosen then.
async fn look_up(
    portal: &Portal,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
    sent: Sent,
) -> Result<(Me, Drawn), ApiError> {
    let Sent { act, mut choice, q, next, .. } = sent;
    let (cursor, limit) = match act {
        Act::More => (next, PAGE),
        Act::All => (None, ENUMERATED_PAGE),
        _ => (None, PAGE),
    };
    let (me, request, mut accounts) = futures::try_join!(
        people::me(&portal.api, browser, token),
        requests::get(&portal.api, browser, token, link),
        requests::accounts(&portal.api, browser, token, link, (&q, cursor.as_deref(), limit)),
    )?;
    match act {
        Act::None => choice = Choice::default(),
        Act::All => {
            let counts = accounts.counts.as_ref();
            if counts.is_some_and(|counts| counts.matching <= ENUMERATED) && choice.all.is_none() {
                let open = accounts.items.iter().filter(|account| account.selectable);
                choice.some.extend(open.map(|account| account.id));
            } else {
                choice = Choice { all: Some(q.clone()), ..Choice::default() };
            }
            let page = PAGE.parse().unwrap_or(usize::MAX);
            if accounts.items.len() > page {
                // Shown are no more than otherwise.
                let shown = (q.as_str(), None, PAGE);
                accounts = requests::accounts(&portal.api, browser, token, link, shown).await?;
            }
        }
        _ => {}
    }
    let is_first = cursor.is_none();
    if let Some(all) = choice.all.as_deref().filter(|all| !all.is_empty() && !is_first) {
        // Later pages do not say how many there are, and that is how many are chosen.
        let counted =
            requests::accounts(&portal.api, browser, token, link, (all, None, "1")).await?;
        accounts.counts = counted.counts;
    }
    Ok((me, Drawn { request, accounts, choice, q, is_first }))
}

fn draw(
    portal: &Portal,
    browser: &Browser,
    me: &Me,
    link: &str,
    drawn: &Drawn,
    note: Option<String>,
    error: Option<String>,
) -> Response {
    let frame = Frame::signed(portal, browser, me, Place::Elsewhere);
    let (t, request) = (frame.t, &drawn.request);
    let title = t.request_title(request.organization.name.as_str());
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let names = [&request.organization.name, &request.app.name];
    let page = Page {
        title: &title,
        link,
        since: request.organization.member_since.map(|at| frame.time(at)),
        afterwards: request.redirect_uri.as_deref().and_then(host),
        picture: (!request.app.has_image).then(|| Pattern::of(&request.app.id.to_string())),
        is_lookalike: names.iter().any(|name| lookalike::mixes_scripts(name)),
        able: Able::of(t, &request.domains),
        until: request.grants_expire_at.map(|at| frame.time(at)),
        answer_by: frame.time(request.expires_at),
        list: List::of(&frame, drawn),
        request,
        note,
        error,
        frame,
    };
    private(portal, respond::page(status, browser.language, &page))
}

/// The host of an address, which is what people can judge.
fn host(uri: &str) -> Option<String> {
    let url = url::Url::parse(uri).ok()?;
    url.host_str().map(str::to_owned)
}

/// The page again, with what is wrong.
async fn again(
    portal: &Portal,
    browser: &Browser,
    token: &SessionToken,
    link: &str,
    sent: Sent,
    error: String,
) -> Response {
    match look_up(portal, browser, token, link, Sent { act: Act::Search, ..sent }).await {
        Ok((me, drawn)) => draw(portal, browser, &me, link, &drawn, None, Some(error)),
        Err(ApiError::Refused(Refused { status, .. })) if status == StatusCode::UNAUTHORIZED => {
            Failed::signed_out(portal, browser, &Method::POST)
        }
        Err(error) => closed::answer(portal, browser, token, &Method::POST, &error).await,
    }
}
