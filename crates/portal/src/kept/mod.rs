//! A session that ends while somebody fills in a form: what they typed is kept, and drawn again once they have signed in.
//! Nothing is sent by itself.
//!
//! A form that comes without a session is answered by the sign-in page, which carries the form's address and its fields
//! along. Whoever signs in there gets the form's page with these fields filled in; so no page has to do anything for it.

mod fill;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use service::RequestFacts;
use tower::ServiceExt;

use self::fill::fill;
use crate::browser::Browser;
use crate::interrupted::{Ended, Kept, Resume};
use crate::pages::sign_in;
use crate::portal::Portal;
use crate::respond::see_other;
use crate::then::Then;

/// The most that is read of a form, or of a page.
const LARGEST_BODY: usize = 1024 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";

/// What keeps forms: the layer around each route knows that route alone, and so needs all of them to draw another.
#[derive(Debug, Clone)]
pub(crate) struct Keeper {
    pub(crate) portal: Arc<Portal>,
    pub(crate) pages: Router,
}

/// Keeps the form that comes without a session, and draws it again after the sign-in.
pub(crate) async fn keep(
    State(Keeper { portal, pages }): State<Keeper>,
    request: Request,
    next: Next,
) -> Response {
    let is_form = request.method() == Method::POST
        && request
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(FORM.as_bytes()));
    let (parts, body) = request.into_parts();
    let browser = Browser::of(&parts, &portal.environment);
    let (facts, headers) = (parts.extensions.get::<RequestFacts>().cloned(), parts.headers.clone());
    if !is_form {
        let response = next.run(Request::from_parts(parts, body)).await;
        if response.extensions().get::<Ended>().is_some()
            && let Ok(browser) = browser
        {
            return sign_in_in_place(&portal, &browser, &response, None);
        }
        return resumed(pages, response, facts, headers).await;
    }
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let path = parts.uri.path().to_owned();
    let response = next.run(Request::from_parts(parts, Body::from(body.clone()))).await;
    if response.extensions().get::<Ended>().is_some()
        && let Ok(browser) = browser
    {
        return sign_in_in_place(&portal, &browser, &response, Kept::of(&path, &body).as_ref());
    }
    resumed(pages, response, facts, headers).await
}

/// The form that a sign-in is to be followed by; else its answer.
async fn resumed(
    pages: Router,
    response: Response,
    facts: Option<RequestFacts>,
    headers: HeaderMap,
) -> Response {
    match (response.extensions().get::<Resume>().cloned(), facts) {
        (Some(Resume(kept)), Some(facts)) => resume(pages, response, &kept, &facts, headers).await,
        _ => response,
    }
}

/// The sign-in in place of an answer, with the form that is to be drawn again.
fn sign_in_in_place(
    portal: &Portal,
    browser: &Browser,
    answer: &Response,
    kept: Option<&Kept>,
) -> Response {
    let mut page = sign_in::ended(portal, browser, kept);
    let cookie = answer.headers().get(SET_COOKIE).cloned();
    page.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    page
}

/// The form's page as who has just signed in, filled in; the start, if the form has no page of its own.
async fn resume(
    pages: Router,
    signed_in: Response,
    kept: &Kept,
    facts: &RequestFacts,
    headers: HeaderMap,
) -> Response {
    let Some(cookie) = signed_in.headers().get(SET_COOKIE).cloned() else { return signed_in };
    let mut answer = None;
    for path in [kept.path.as_str(), parent(&kept.path)] {
        let path = Then::from(path.to_owned());
        let Some(request) = read(&path, kept, facts, &headers, &cookie) else { continue };
        let Ok(page) = pages.clone().oneshot(request).await;
        if page.status().is_success() {
            answer = Some(filled(page, kept).await);
            break;
        }
    }
    let mut answer = answer.unwrap_or_else(|| see_other("/"));
    answer.headers_mut().remove(SET_COOKIE);
    for cookie in signed_in.headers().get_all(SET_COOKIE) {
        answer.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    answer
}

/// A form that only does something stands on the page above it.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("/", |(parent, _)| parent)
}

/// The request for a form's page. What was typed on a page before travels in its address.
fn read(
    path: &Then,
    kept: &Kept,
    facts: &RequestFacts,
    headers: &HeaderMap,
    cookie: &HeaderValue,
) -> Option<Request> {
    let mut request =
        Request::get(format!("{}?{}", path.path(), kept.fields)).body(Body::empty()).ok()?;
    let mut own = headers.clone();
    own.remove(CONTENT_TYPE);
    // What the browser will send from now on, beside what it has.
    let new = cookie.to_str().ok()?.split(';').next()?.to_owned();
    let name = new.split('=').next()?.to_owned();
    let old = headers.get(COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or_default();
    let mut cookies: Vec<_> = old.split(';').map(str::trim).filter(|one| !one.is_empty()).collect();
    cookies.retain(|one| one.split('=').next() != Some(&name));
    cookies.push(&new);
    own.insert(COOKIE, HeaderValue::from_str(&cookies.join("; ")).ok()?);
    *request.headers_mut() = own;
    request.extensions_mut().insert(facts.clone());
    Some(request)
}

async fn filled(page: Response, kept: &Kept) -> Response {
    let (mut parts, body) = page.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let fields: Vec<(String, String)> =
        url::form_urlencoded::parse(kept.fields.as_bytes()).into_owned().collect();
    let html = fill(&String::from_utf8_lossy(&body), &fields);
    Response::from_parts(parts, Body::from(Bytes::from(html)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_only_does_something_stands_on_the_page_above() {
        assert_eq!(parent("/consents/x/renew"), "/consents/x");
        assert_eq!(parent("/sign-out"), "");
    }
}
