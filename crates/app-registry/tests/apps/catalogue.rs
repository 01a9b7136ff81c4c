//! `GET /v1/catalogue` and `POST /v1/catalogue/resolve`

use axum::http::Method;
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use stage::redacted;

use crate::stage::Stage;

#[tokio::test]
async fn the_catalogue_is_answered_in_the_language_that_is_preferred() {
    let stage = Stage::set().await;
    let stranger = stage.stranger();
    let read = async |query: &str, accept: &str| {
        let request = stranger.request(Method::GET, &format!("/v1/catalogue{query}"));
        let answer = request.header("accept-language", accept).send().await.expect(200);
        assert!(answer.header("vary").contains("accept-language"));
        let domain = &answer.json["services"]["retail_media"]["domains"]["campaigns"];
        let title = domain["title"].as_str().unwrap().to_owned();
        (answer.header("content-language").to_owned(), title, answer.json)
    };
    for (query, accept, language, title) in [
        ("", "fr-CA, en;q=0.5", "fr", "Campagnes"),
        ("", "de", "en", "Campaigns"),
        ("?lang=fr", "en", "fr", "Campagnes"),
        ("?lang=en", "fr", "en", "Campaigns"),
        ("?lang=de", "fr", "fr", "Campagnes"),
    ] {
        let (answered, named, _) = read(query, accept).await;
        assert_eq!((answered.as_str(), named.as_str()), (language, title), "{query} {accept}");
    }
    let (_, _, french) = read("?lang=fr", "").await;
    assert_json_snapshot!("catalogue_in_french", french);
    stranger.get("/v1/catalogue?language=fr").await.refuses_fields(&["language"]);
    let plain = stranger.get("/v1/catalogue").await.expect(200);
    assert_eq!(plain.header("content-language"), "en");
}

#[tokio::test]
async fn a_selection_is_tried_without_being_saved() {
    let stage = Stage::set().await;
    let developer = stage.developer();
    let resolve = async |organization: Value, domains: Value| {
        let body = json!({
            "service": "retail_media", "domains": domains, "organization_id": organization,
        });
        developer.post("/v1/catalogue/resolve", body).await
    };
    let accounts = json!([{ "domain": "accounts", "level": "manage" }]);
    let organization = json!(stage.organization);
    let resolved = resolve(json!(null), accounts.clone()).await.expect(200);
    assert_json_snapshot!("resolve_without_organization", redacted(&resolved));
    let refused = resolve(organization.clone(), accounts.clone()).await.expect(200);
    assert_eq!(refused.json["conflicts"][0]["code"], "not_enabled");
    stage.enable("retail_media/accounts:manage");
    let resolved = resolve(organization.clone(), accounts).await.expect(200);
    assert_eq!(resolved.json["conflicts"], json!([]));

    let wrong = json!([
        { "domain": "accounts", "level": "manage" },
        { "domain": "campaigns", "level": "read" },
        { "domain": "nothing", "level": "read" },
        { "domain": "analytics", "level": "read" },
        { "domain": "analytics", "level": "read" },
    ]);
    let resolved = resolve(organization, wrong.clone()).await.expect(200);
    assert_json_snapshot!("resolve_with_conflicts", redacted(&resolved));
    // An app is refused for the first of them, in the same words.
    let mut app = crate::stage::draft();
    app["service"] = json!("retail_media");
    app["domains"] = wrong;
    let refused = developer.post("/v1/apps", app).await;
    assert_eq!(refused.json["errors"][0], resolved.json["conflicts"][0]);
    assert_eq!(stage.count_apps().await, 0);
}

#[tokio::test]
async fn what_is_enabled_is_told_to_members_only() {
    let stage = Stage::set().await;
    let body = json!({
        "service": "retail_media", "domains": [], "organization_id": stage.organization,
    });
    let path = "/v1/catalogue/resolve";
    stage.stranger().post(path, &body).await.problem(404, "organization-not-found");
    for client in [stage.auditor(), stage.operator(), stage.owner()] {
        client.post(path, &body).await.expect(200);
    }
    let unknown = json!({ "service": "no_such", "domains": [] });
    stage.stranger().post(path, unknown).await.refuses_fields(&["service"]);
    let domain = json!({ "domain": "campaigns", "level": "read" });
    let many = json!({ "service": "retail_media", "domains": vec![domain; 201] });
    stage.stranger().post(path, many).await.refuses_fields(&["domains"]);
    stage.nobody().post(path, json!({})).await.problem(401, "invalid-token");
}
