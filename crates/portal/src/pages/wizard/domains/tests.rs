//! What is saved of a form, and what is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ::service::Metrics;
use ::service::http::site;
use ::service::settings::HttpSettings;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use contract::Environment;
use contract::secret::SessionToken;
use serde_json::json;
use tower::ServiceExt;

use crate::api::Api;
use crate::gallery::apps;
use crate::settings::Settings;

/// A form of a draft's domains: the answer, and how often something was saved.
async fn send(form: &'static str) -> (StatusCode, u32) {
    let saved = Arc::new(AtomicU32::new(0));
    let draft = || apps::app(3, "Bid Pacing", "draft");
    let noted = Arc::clone(&saved);
    let change = move || {
        noted.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Json(draft()))
    };
    let organization = json!({
        "id": "0195b2a0-0000-7000-8000-0000000000a1", "name": "Larkfield", "kind": "technology_company",
        "contact_email": "a@larkfield.example", "country": "FR", "website": null, "description": null,
        "confirmed": true, "enabled_domains": [], "created_at": "2026-01-08T09:00:00Z",
    });
    let catalogue = contract::catalogue::Catalogue::default();
    let catalogue = json!(catalogue.in_language("en"));
    let resolved = json!({ "domains": [], "conflicts": [] });
    let api = Router::new()
        .route("/v1/apps/{id}", get(move || std::future::ready(Json(draft()))).patch(change))
        .route("/v1/catalogue", get(move || std::future::ready(Json(catalogue))))
        .route("/v1/catalogue/resolve", post(move || std::future::ready(Json(resolved))))
        .route("/v1/organizations/{id}", get(move || std::future::ready(Json(organization))));
    let environment = Environment::system();
    let token = SessionToken::generate(&environment);
    let (api, settings) = (Api::InProcess(api), Settings::default());
    let pages = crate::router(environment.clone(), api, settings, "https://m.example").unwrap();
    let site = site(pages, &environment, &HttpSettings::default(), &Metrics::default());
    let request = Request::post("/apps/0195b2a0-0000-7000-8000-0000000000b3/domains")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(COOKIE, format!("__Host-mandate_session={}", token.reveal()))
        .body(Body::from(form))
        .unwrap();
    let Ok(response) = site.oneshot(request).await;
    (response.status(), saved.load(Ordering::Relaxed))
}

#[tokio::test]
async fn no_domain_is_not_saved_unless_the_draft_is_left_so() {
    assert_eq!(send("analytics=none").await, (StatusCode::UNPROCESSABLE_ENTITY, 0));
    assert_eq!(send("analytics=none&next=draft").await, (StatusCode::SEE_OTHER, 1));
    assert_eq!(send("analytics=read").await, (StatusCode::SEE_OTHER, 1));
}
