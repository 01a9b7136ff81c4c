//! What is said when it does not work, and that where one wanted to go is not forgotten.

use ::service::Metrics;
use ::service::http::site;
use ::service::settings::HttpSettings;
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use contract::Environment;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use crate::api::Api;
use crate::settings::Settings;

const ID: &str = "0195b2a0-0000-7000-8000-000000000001";

/// The pages, of an API that answers both calls with this.
async fn ask(api: (StatusCode, &str), request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let (status, code) = api;
    let body = if status == StatusCode::CREATED {
        json!({ "sign_in_id": ID, "authorization_url": "https://idp.example/authorize?a=b", "binding": "mandate_sib_x" })
    } else {
        json!({ "type": format!("urn:mandate:problem:{code}") })
    };
    let answer = post(move || std::future::ready((status, body.to_string())));
    let api = Router::new()
        .route("/v1/sign-ins", answer.clone())
        .route("/v1/sign-ins/{id}/complete", answer);
    let environment = Environment::system();
    let (api, settings) = (Api::InProcess(api), Settings::default());
    let pages =
        crate::router(environment.clone(), api, settings, "https://mandate.example").unwrap();
    let site = site(pages, &environment, &HttpSettings::default(), &Metrics::default());
    let Ok(response) = site.oneshot(request).await;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

/// Somebody wants to see something, and says who they are.
fn begin() -> Request<Body> {
    Request::post("/sign-in/organization")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("email=ada%40corp.example&then=%2Fapps%3Fq%3Da%2Cb"))
        .unwrap()
}

/// The same browser is back.
fn back(query: &str) -> Request<Body> {
    Request::get(format!("/sign-in/return{query}"))
        .header(
            COOKIE,
            format!("__Host-mandate_sign_in={ID}.mandate_sib_x.then=%2Fapps%3Fq%3Da%2Cb"),
        )
        .body(Body::empty())
        .unwrap()
}

#[tokio::test]
async fn on_the_way_a_cookie_keeps_what_it_is_completed_with() {
    let (status, headers, page) = ask((StatusCode::CREATED, ""), begin()).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains(r#"content="0;url=https://idp.example/authorize?a=b""#), "{page}");
    let cookie = headers[SET_COOKIE].to_str().unwrap();
    let kept = format!(
        "__Host-mandate_sign_in={ID}.mandate_sib_x.then=%2Fapps%3Fq%3Da%2Cb; Path=/; HttpOnly; "
    );
    assert!(cookie.starts_with(&kept), "{cookie}");
}

#[tokio::test]
async fn what_cannot_be_begun_says_why_and_keeps_where_one_wanted_to_go() {
    for (status, code, answered, words) in [
        (
            StatusCode::NOT_FOUND,
            "identity-provider-not-found",
            StatusCode::UNPROCESSABLE_ENTITY,
            "No organization signs",
        ),
        (
            StatusCode::TOO_MANY_REQUESTS,
            "rate-limited",
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts",
        ),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "identity-provider-unavailable",
            StatusCode::SERVICE_UNAVAILABLE,
            "provider does not answer",
        ),
    ] {
        let (status, _, page) = ask((status, code), begin()).await;
        assert_eq!(status, answered, "{code}");
        assert!(page.contains(words), "{code}: {page}");
        assert!(page.contains(r#"name="then" value="/apps?q=a,b""#), "{code}: {page}");
    }
}

#[tokio::test]
async fn what_cannot_be_completed_says_why_and_keeps_where_one_wanted_to_go() {
    let whole = "?code=c&state=mandate_sis_x";
    for (status, code, query, answered, words) in [
        (
            StatusCode::FORBIDDEN,
            "single-sign-on-refused",
            whole,
            StatusCode::FORBIDDEN,
            "was not accepted",
        ),
        (StatusCode::NOT_FOUND, "not-found", whole, StatusCode::NOT_FOUND, "was not accepted"),
        (
            StatusCode::TOO_MANY_REQUESTS,
            "rate-limited",
            whole,
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts",
        ),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "identity-provider-unavailable",
            whole,
            StatusCode::SERVICE_UNAVAILABLE,
            "provider does not answer",
        ),
        (
            StatusCode::FORBIDDEN,
            "not-asked",
            "?error=access_denied&state=mandate_sis_x",
            StatusCode::UNPROCESSABLE_ENTITY,
            "did not sign you in",
        ),
    ] {
        let (status, headers, page) = ask((status, code), back(query)).await;
        assert_eq!(status, answered, "{code}");
        assert!(page.contains(words), "{code}: {page}");
        assert!(page.contains(r#"name="then" value="/apps?q=a,b""#), "{code}: {page}");
        assert!(headers[SET_COOKIE].to_str().unwrap().ends_with("Max-Age=0"), "{code}");
    }
}

#[tokio::test]
async fn that_we_do_not_answer_is_not_said_of_the_provider() {
    let down = (StatusCode::SERVICE_UNAVAILABLE, "overloaded");
    for request in [begin(), back("?code=c&state=mandate_sis_x")] {
        let (status, _, page) = ask(down, request).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(!page.contains("provider does not answer"), "{page}");
    }
}

#[tokio::test]
async fn nobody_comes_back_who_did_not_begin_here() {
    let stranger = Request::get("/sign-in/return?code=c&state=s").body(Body::empty()).unwrap();
    let (status, _, page) = ask((StatusCode::CREATED, ""), stranger).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("was begun elsewhere"), "{page}");
}

#[tokio::test]
async fn a_form_that_was_interrupted_comes_along_and_is_told_if_it_is_too_long() {
    let begin = |fields: &str| {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("email", "ada@corp.example").append_pair("kept_path", "/apps/new/method");
        Request::post("/sign-in/organization")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(form.append_pair("kept", fields).finish()))
            .unwrap()
    };
    let (_, headers, _) = ask((StatusCode::CREATED, ""), begin("name=Bid+Pacing")).await;
    let cookies: Vec<_> =
        headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
    let form = "__Host-mandate_form=%2Fapps%2Fnew%2Fmethod~name=Bid+Pacing";
    assert!(cookies[1].starts_with(&format!("{form}; Path=/; HttpOnly; ")), "{cookies:?}");

    // The provider did not accept them: the next attempt takes the form along as well.
    let mut refused = back("?error=access_denied&state=mandate_sis_x");
    let waiting = refused.headers()[COOKIE].to_str().unwrap().to_owned();
    refused.headers_mut().insert(COOKIE, format!("{waiting}; {form}").parse().unwrap());
    let (_, _, page) = ask((StatusCode::CREATED, ""), refused).await;
    assert!(page.contains(r#"name="kept" value="name=Bid+Pacing""#), "{page}");

    let (status, headers, page) =
        ask((StatusCode::CREATED, ""), begin(&format!("name={}", "x".repeat(4000)))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.contains("too long to be kept") && !headers.contains_key(SET_COOKIE), "{page}");
}
