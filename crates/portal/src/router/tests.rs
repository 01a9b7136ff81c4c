//! The walk over the site map: no route without its checks.

use std::collections::{BTreeMap, BTreeSet};

use ::service::Metrics;
use ::service::http::site;
use ::service::settings::HttpSettings;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, ORIGIN};
use axum::http::{HeaderMap, Method, StatusCode};
use contract::Environment;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;
use crate::gallery;

/// Who sees a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Anyone,
    SignedIn,
}

/// Every route: whom it is for, and the page of the gallery that shows what it draws. Those that draw nothing of their
/// own lead to another page, or give a picture.
const ROUTES: &[(&str, For, Option<&str>)] = &[
    ("/", For::SignedIn, None),
    ("/sign-in", For::Anyone, Some("sign_in")),
    ("/sign-in/organization", For::Anyone, Some("single_sign_on")),
    ("/sign-in/return", For::Anyone, Some("single_sign_on")),
    ("/signed-in", For::Anyone, Some("sign_in")),
    ("/sign-out", For::SignedIn, None),
    ("/reset-password", For::Anyone, Some("password_reset")),
    ("/reset-password/{token}", For::Anyone, Some("password_reset")),
    ("/confirm-contact/{token}", For::Anyone, Some("mailed")),
    ("/accept-invitation/{token}", For::Anyone, Some("mailed")),
    ("/language", For::Anyone, None),
    ("/apps", For::SignedIn, Some("my_apps")),
    ("/apps/new", For::SignedIn, Some("wizard_details")),
    ("/apps/new/method", For::SignedIn, Some("wizard_method")),
    ("/apps/{id}", For::SignedIn, Some("app")),
    ("/apps/{id}/redirect-uris", For::SignedIn, Some("app")),
    ("/apps/{id}/redirect-uris/{uri}/remove", For::SignedIn, None),
    ("/apps/{id}/pkce", For::SignedIn, None),
    ("/apps/{id}/suspend", For::SignedIn, Some("app")),
    ("/apps/{id}/resume", For::SignedIn, Some("app")),
    ("/apps/{id}/archive", For::SignedIn, Some("app")),
    ("/apps/{id}/keys", For::SignedIn, Some("keys")),
    ("/apps/{id}/keys/new", For::SignedIn, Some("keys_create")),
    ("/apps/{id}/keys/{client_id}", For::SignedIn, Some("keys")),
    ("/apps/{id}/keys/{client_id}/replace", For::SignedIn, Some("keys")),
    ("/apps/{id}/keys/{client_id}/delete", For::SignedIn, Some("keys")),
    ("/apps/{id}/links", For::SignedIn, Some("links")),
    ("/apps/{id}/links/{link}", For::SignedIn, Some("links")),
    ("/apps/{id}/links/{link}/revoke", For::SignedIn, Some("links")),
    ("/apps/{id}/grants", For::SignedIn, Some("grants")),
    ("/apps/{id}/activity", For::SignedIn, Some("activity")),
    ("/apps/{id}/details", For::SignedIn, Some("wizard_details")),
    ("/apps/{id}/service", For::SignedIn, Some("wizard_service")),
    ("/apps/{id}/domains", For::SignedIn, Some("wizard_domains")),
    ("/apps/{id}/review", For::SignedIn, Some("wizard_review")),
    ("/apps/{id}/picture", For::SignedIn, None),
    ("/apps/{id}/picture/edit", For::SignedIn, Some("wizard_picture")),
    ("/apps/{id}/picture/remove", For::SignedIn, None),
    ("/consent/{token}", For::SignedIn, Some("request")),
    ("/consent/{token}/approve", For::SignedIn, Some("request")),
    ("/consent/{token}/deny", For::SignedIn, Some("request")),
    ("/consents", For::SignedIn, Some("consents")),
    ("/consents/ended", For::SignedIn, Some("consents")),
    ("/consents/{id}/renew", For::SignedIn, None),
    ("/consents/{id}/receipt", For::SignedIn, Some("consents")),
    ("/consents/{id}/receipt.json", For::SignedIn, None),
    ("/consents/{id}/revoke", For::SignedIn, Some("consents")),
    ("/consents/apps/{id}/revoke", For::SignedIn, Some("consents")),
    ("/organizations", For::SignedIn, None),
    ("/organizations/new", For::SignedIn, Some("organizations")),
    ("/organizations/{id}", For::SignedIn, Some("organizations")),
    ("/organizations/{id}/edit", For::SignedIn, Some("organizations")),
    ("/organizations/{id}/contact-confirmations", For::SignedIn, None),
    ("/organizations/{id}/members/{person_id}/role", For::SignedIn, Some("organizations")),
    ("/organizations/{id}/members/{person_id}/removal", For::SignedIn, Some("organizations")),
    ("/organizations/{id}/invitations", For::SignedIn, Some("invitations")),
    ("/organizations/{id}/invitations/new", For::SignedIn, Some("invitations")),
    ("/organizations/{id}/invitations/{invitation_id}/send-again", For::SignedIn, None),
    (
        "/organizations/{id}/invitations/{invitation_id}/revocation",
        For::SignedIn,
        Some("invitations"),
    ),
    ("/organizations/{id}/domain-requests", For::SignedIn, Some("domain_requests")),
    ("/organizations/{id}/domain-requests/new", For::SignedIn, Some("domain_requests")),
    ("/events/{id}/proof", For::SignedIn, None),
    ("/account", For::SignedIn, Some("account")),
    ("/account/password", For::SignedIn, Some("account")),
    ("/account/data.json", For::SignedIn, None),
    ("/account/tokens", For::SignedIn, Some("account")),
    ("/account/tokens/new", For::SignedIn, Some("account")),
    ("/account/tokens/{id}/end", For::SignedIn, Some("account")),
    ("/sessions", For::SignedIn, Some("sessions")),
    ("/sessions/end", For::SignedIn, None),
];

/// The routes of the source with their methods: a route that is added there is found here.
fn source() -> BTreeMap<String, Vec<Method>> {
    let source = include_str!("../router.rs");
    source
        .split(".route(")
        .skip(1)
        .map(|route| {
            let mut quoted = route.split('"');
            let path = quoted.nth(1).unwrap().to_owned();
            let handlers = route.split(".fallback(").next().unwrap();
            let known = [("get(", Method::GET), ("post(", Method::POST)];
            let methods = known.into_iter().filter(|(call, _)| handlers.contains(call));
            (path, methods.map(|(_, method)| method).collect())
        })
        .collect()
}

fn whole() -> Router {
    let environment = Environment::system();
    let pages = router(
        environment.clone(),
        Api::InProcess(Router::new()),
        Settings::default(),
        "https://mandate.example",
    )
    .unwrap();
    site(pages, &environment, &HttpSettings::default(), &Metrics::default())
}

/// A path of this route, for an id that nothing has.
fn path_of(route: &str) -> String {
    let filled = route.split('/').map(|part| match part {
        "{client_id}" => "5be20c94a7f1483d9e6f01c8d37a42b6",
        part if part.starts_with('{') => "0195b2a0-0000-7000-8000-000000000001",
        part => part,
    });
    filled.collect::<Vec<_>>().join("/")
}

struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

async fn ask(method: &Method, path: &str, headers: &[(&'static str, &'static str)]) -> Answered {
    let mut request = Request::builder().method(method).uri(path);
    if method == Method::POST {
        request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let Ok(response) = whole().oneshot(request.body(Body::empty()).unwrap()).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let body = String::from_utf8_lossy(&body).into_owned();
    Answered { status: parts.status, headers: parts.headers, body }
}

#[test]
fn every_route_has_its_line_here_and_every_line_its_route() {
    let lines: BTreeSet<_> = ROUTES.iter().map(|(path, ..)| (*path).to_owned()).collect();
    let routes: BTreeSet<_> = source().into_keys().collect();
    assert_eq!(lines, routes);
}

#[test]
fn what_a_route_draws_is_in_the_gallery_and_the_gallery_draws_only_that() {
    let drawn: BTreeSet<_> = ROUTES.iter().filter_map(|(.., page)| *page).collect();
    // Problems take the place of any page.
    let drawn = drawn.into_iter().chain(["problem"]).collect::<BTreeSet<_>>();
    let shown: BTreeSet<_> = gallery::page_names().collect();
    assert_eq!(drawn, shown);
}

#[tokio::test]
async fn whoever_is_signed_out_is_asked_to_sign_in_and_nothing_is_done() {
    let source = source();
    for (route, whom, _) in ROUTES.iter().filter(|(_, whom, _)| *whom == For::SignedIn) {
        let path = path_of(route);
        for method in &source[*route] {
            let answered = ask(method, &path, &[]).await;
            let of = format!("{method} {path} for {whom:?}: {}", answered.status);
            if method == Method::GET {
                assert_eq!(answered.status, StatusCode::SEE_OTHER, "{of}");
                let to = answered.headers[LOCATION].to_str().unwrap();
                assert!(to.starts_with("/sign-in?then="), "{of} {to}");
            } else {
                assert_eq!(answered.status, StatusCode::UNAUTHORIZED, "{of}");
                assert!(answered.body.contains(r#"name="password""#), "{of}");
            }
        }
    }
}

#[tokio::test]
async fn no_form_comes_from_another_site() {
    for (route, methods) in source() {
        if !methods.contains(&Method::POST) {
            continue;
        }
        let path = path_of(&route);
        let foreign = [("sec-fetch-site", "cross-site"), (ORIGIN.as_str(), "https://evil.example")];
        for headers in [&foreign[..], &foreign[1..]] {
            let answered = ask(&Method::POST, &path, headers).await;
            assert_eq!(answered.status, StatusCode::FORBIDDEN, "{path}: {headers:?}");
            assert!(answered.body.contains("<h1"), "{path}: not a page");
        }
    }
}

#[tokio::test]
async fn every_answer_says_what_a_page_may_load_and_that_nobody_keeps_it() {
    let source = source();
    for (route, methods) in &source {
        for method in methods {
            let path = path_of(route);
            let headers = ask(method, &path, &[]).await.headers;
            let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'"),
                "{path}: {policy}"
            );
            assert_eq!(headers[CACHE_CONTROL], "no-store", "{path}");
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("strict-transport-security", "max-age=31536000"),
            ] {
                assert_eq!(headers[name], value, "{path}");
            }
            let referrer = headers["referrer-policy"].to_str().unwrap();
            assert!(["same-origin", "no-referrer"].contains(&referrer), "{path}: {referrer}");
            assert!(headers.contains_key("permissions-policy"), "{path}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_a_page_that_says_so() {
    for (method, path) in [
        (Method::GET, "/nothing-here"),
        (Method::DELETE, "/apps"),
        (Method::POST, "/sign-in"),
        (Method::POST, "/language"),
    ] {
        let answered = ask(&method, path, &[]).await;
        assert!(answered.status.is_client_error(), "{method} {path}: {}", answered.status);
        assert!(answered.body.contains("<h1"), "{method} {path}: {}", answered.body);
    }
}
