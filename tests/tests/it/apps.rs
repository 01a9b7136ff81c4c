//! Apps from the draft to the freeze: rules 6 to 10.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use journeys::people::{App, MARKETING_SOLUTIONS, Organization, RETAIL_MEDIA, draft};
use journeys::system::shared;
use serde_json::{Value, json};
use stage::Method;

/// A PNG, a GIF, and a PNG that breaks off.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const GIF: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";
const LARGEST_IMAGE: usize = 500_000;

async fn organization() -> Organization {
    shared().await.operator().organization().await
}

fn path(app: &App) -> String {
    format!("/v1/apps/{}", app.id)
}

fn domain(domain: &str, level: &str) -> Value {
    json!({ "domain": domain, "level": level })
}

#[tokio::test]
async fn a_draft_needs_a_name_and_a_method_and_names_what_is_wrong() {
    let organization = organization().await;
    let developer = &organization.developer;
    let good = draft(&organization, RETAIL_MEDIA);
    for (field, wrong, named) in [
        ("name", json!("  "), "name"),
        ("name", json!("x".repeat(101)), "name"),
        ("description", json!("é".repeat(256)), "description"),
        ("authentication_method", json!("password"), "authentication_method"),
        ("service", json!("laundry"), "service"),
        ("service", Value::Null, "service"),
        ("domains", json!([domain("laundry", "read")]), "domains[0]"),
        ("domains", json!([domain("analytics", "manage")]), "domains[0]"),
        (
            "domains",
            json!([domain("analytics", "read"), domain("analytics", "read")]),
            "domains[1]",
        ),
        ("domains", json!([domain("audiences", "write")]), "domains[0].level"),
        ("redirect_uris", json!([]), "redirect_uris"),
    ] {
        let mut bad = good.clone();
        bad[field] = wrong;
        developer.post("/v1/apps", bad).await.refuses_fields(&[named]);
    }
    for field in ["name", "authentication_method"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(field);
        developer.post("/v1/apps", bad).await.expect(422);
    }
    let mut longest = good;
    longest["name"] = json!("é".repeat(100));
    longest["description"] = json!("é".repeat(255));
    developer.post("/v1/apps", longest).await.expect(201);
}

#[tokio::test]
async fn what_is_on_request_has_to_be_enabled_first_and_the_catalogues_rules_hold() {
    let organization = organization().await;
    let developer = &organization.developer;
    let mut wish = draft(&organization, RETAIL_MEDIA);
    let ask = async |domains: Value| {
        let mut wish = wish.clone();
        wish["domains"] = domains;
        developer.post("/v1/apps", wish).await
    };
    for asked in
        [domain("accounts", "manage"), domain("balances", "manage"), domain("billing", "read")]
    {
        ask(json!([asked])).await.refuses_fields(&["domains[0]"]);
    }
    let enabled =
        json!({ "domains": ["retail_media/accounts:manage", "retail_media/billing:read"] });
    let operator = shared().await.operator();
    let path = format!("/v1/organizations/{}/enabled-domains", organization.id);
    operator.put(&path, json!({ "domains": ["retail_media/laundry:read"] })).await.expect(422);
    operator.put(&path, enabled).await.expect(200);

    ask(json!([domain("billing", "read")])).await.expect(201);
    ask(json!([domain("balances", "manage")])).await.refuses_fields(&["domains[0]"]);
    let made = ask(json!([domain("accounts", "manage")])).await.expect(201).json;
    assert_eq!(made["domains"], json!([domain("accounts", "manage"), domain("campaigns", "read")]));
    let excluded = ask(json!([domain("accounts", "manage"), domain("analytics", "read")])).await;
    assert_eq!(excluded.expect(422).json["errors"].as_array().unwrap().len(), 1);

    // What was enabled when the draft was saved has to be so still when it is activated.
    operator.put(&path, json!({ "domains": [] })).await.expect(200);
    let activate = format!("/v1/apps/{}/activate", made["id"].as_str().unwrap());
    developer.act(&activate).await.expect(422);
    wish["service"] = json!(MARKETING_SOLUTIONS);
    wish["domains"] = json!([domain("recommendations", "manage")]);
    developer.post("/v1/apps", wish).await.refuses_fields(&["domains[0]"]);
}

#[tokio::test]
async fn the_method_is_fixed_at_creation_and_the_service_once_saved() {
    let organization = organization().await;
    let developer = &organization.developer;
    let new = json!({ "organization_id": organization.id, "name": "Steps", "authentication_method": "client_credentials" });
    let app = App { id: developer.post("/v1/apps", new).await.expect(201).field("id") };
    let path = path(&app);
    let edit = async |changes| developer.patch(&path, changes).await;
    edit(json!({ "authentication_method": "authorization_code" }))
        .await
        .problem(409, "authentication-method-fixed");
    edit(json!({ "authentication_method": "client_credentials" })).await.expect(200);
    edit(json!({ "domains": [domain("campaigns", "read")] })).await.refuses_fields(&["service"]);
    edit(json!({ "service": RETAIL_MEDIA })).await.expect(200);
    edit(json!({ "service": MARKETING_SOLUTIONS })).await.problem(409, "service-fixed");
    edit(json!({ "service": Value::Null })).await.refuses_fields(&["service"]);
}

#[tokio::test]
async fn only_a_complete_draft_is_activated_and_only_once() {
    let organization = organization().await;
    let developer = &organization.developer;
    let new = json!({ "organization_id": organization.id, "name": "Steps", "authentication_method": "client_credentials" });
    let app = App { id: developer.post("/v1/apps", new).await.expect(201).field("id") };
    let activate = format!("{}/activate", path(&app));
    let incomplete = developer.act(&activate).await;
    incomplete.problem(422, "app-incomplete");
    incomplete.refuses_fields(&["service"]);
    developer.patch(&path(&app), json!({ "service": RETAIL_MEDIA })).await.expect(200);
    developer.act(&activate).await.refuses_fields(&["domains"]);
    developer
        .patch(&path(&app), json!({ "domains": [domain("campaigns", "read")] }))
        .await
        .expect(200);
    let stale = developer.request(Method::POST, &activate).header("if-match", "\"1\"");
    stale.send().await.problem(412, "changed-meanwhile");
    developer.act(&activate).await.expect(200);
    developer.act(&activate).await.problem(409, "app-activated-already");
}

#[tokio::test]
async fn nothing_that_owners_consent_to_changes_after_activation() {
    let organization = organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let before = developer.get(&path(&app)).await.expect(200).json;
    for (field, value) in [
        ("name", json!("Other")),
        ("description", json!("Other")),
        ("description", Value::Null),
        ("service", json!(MARKETING_SOLUTIONS)),
        ("authentication_method", json!("authorization_code")),
        ("domains", json!([domain("campaigns", "read")])),
    ] {
        developer.patch(&path(&app), json!({ field: value })).await.problem(409, "app-frozen");
    }
    let image = format!("{}/image", path(&app));
    developer
        .put_bytes(&image, "image/png", STANDARD.decode(PNG).unwrap())
        .await
        .problem(409, "app-frozen");
    assert_eq!(developer.get(&path(&app)).await.expect(200).json, before);
    let method = developer.delete(&path(&app)).await;
    method.problem(405, "method-not-allowed");
}

#[tokio::test]
async fn an_image_is_a_png_or_jpeg_of_at_most_500_kb_by_its_bytes() {
    let organization = organization().await;
    let developer = &organization.developer;
    let app = developer.draft(&organization, RETAIL_MEDIA).await;
    let image = format!("{}/image", path(&app));
    let put = async |media_type, bytes| developer.put_bytes(&image, media_type, bytes).await;
    let png = STANDARD.decode(PNG).unwrap();
    developer.get(&image).await.problem(404, "image-not-found");
    put("image/png", STANDARD.decode(GIF).unwrap()).await.problem(415, "image-format");
    put("image/png", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec())
        .await
        .problem(415, "image-format");
    put("image/png", png[..30].to_vec()).await.problem(422, "image-broken");
    put("image/png", vec![0; LARGEST_IMAGE + 1]).await.problem(413, "image-too-large");
    put("image/png", Vec::new()).await.problem(415, "image-format");
    // The name of the type says nothing: the bytes do.
    let set = put("application/octet-stream", png.clone()).await.expect(200);
    assert_eq!(set.json["has_image"], true);
    let shown = developer.get(&image).await.expect(200);
    assert_eq!(
        (shown.header("content-type"), shown.header("x-content-type-options")),
        ("image/png", "nosniff")
    );
    assert_eq!(shown.body, png);
}
