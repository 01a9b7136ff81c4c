//! Organizations and their people: rules 1 to 5.

use journeys::people::RETAIL_MEDIA;
use journeys::system::shared;
use serde_json::json;
use stage::Method;

#[tokio::test]
async fn an_organization_needs_a_name_a_type_a_contact_and_a_country() {
    let system = shared().await;
    let operator = system.operator();
    let person = operator.person("Founder").await;
    let other = system.operator().person("Other").await;
    let good = json!({ "name": "Ours", "kind": "agency", "contact_email": "contact@people.example", "country": "FR" });
    for (field, wrong) in [
        ("name", json!("")),
        ("name", json!("x".repeat(201))),
        ("kind", json!("bakery")),
        ("contact_email", json!("nobody")),
        ("country", json!("Narnia")),
        ("country", json!("XX")),
        ("website", json!("javascript:alert(1)")),
        ("description", json!("é".repeat(256))),
        ("size", json!(7)),
        ("owner_person_id", json!(other.id)),
    ] {
        let mut bad = good.clone();
        bad[field] = wrong;
        person.post("/v1/organizations", bad).await.refuses_fields(&[field]);
    }
    for field in ["name", "kind", "contact_email", "country"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(field);
        person.post("/v1/organizations", bad).await.expect(422);
    }
    for kind in [
        "advertiser_or_brand",
        "agency",
        "inventory_supplier",
        "data_supplier",
        "technology_company",
        "other",
    ] {
        let mut fine = good.clone();
        fine["kind"] = json!(kind);
        fine["website"] = json!("https://people.example/");
        fine["description"] = json!("é".repeat(255));
        let made = person.post("/v1/organizations", fine).await.expect(201);
        assert_eq!(
            (made.field("kind"), made.json["confirmed"].as_bool()),
            (kind.to_owned(), Some(false))
        );
        // Of those that are not confirmed, one person can have few.
        let confirm = format!("/v1/organizations/{}/confirm-contact", made.field("id"));
        operator.act(&confirm).await.expect(200);
    }
    // A person can belong to several.
    let me = person.get("/v1/people/me").await.expect(200).json;
    assert_eq!(me["memberships"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn without_a_confirmed_contact_no_app_is_activated_and_no_link_is_made() {
    let system = shared().await;
    let operator = system.operator();
    let organization = operator.unconfirmed_organization().await;
    let (owner, developer) = (&organization.owner, &organization.developer);
    let path = format!("/v1/organizations/{}", organization.id);
    let app = developer.draft(&organization, RETAIL_MEDIA).await;
    let activate = format!("/v1/apps/{}/activate", app.id);
    developer.act(&activate).await.problem(409, "organization-not-confirmed");
    operator.act(&format!("{path}/confirm-contact")).await.expect(200);
    developer.act(&activate).await.expect(200);
    developer.link(&app).await;

    // A new address has to be confirmed anew.
    let moved =
        owner.patch(&path, json!({ "contact_email": "new@people.example" })).await.expect(200);
    assert_eq!(moved.json["confirmed"], false);
    let links = format!("/v1/apps/{}/consent-links", app.id);
    developer.post(&links, json!({})).await.problem(409, "organization-not-confirmed");
    operator.act(&format!("{path}/confirm-contact")).await.expect(200);
    developer.post(&links, json!({})).await.expect(201);
}

#[tokio::test]
async fn an_account_belongs_to_one_of_the_catalogues_services() {
    let system = shared().await;
    let operator = system.operator();
    let good = json!({ "name": "Shop", "kind": "publisher", "service": RETAIL_MEDIA });
    for (field, wrong) in
        [("name", json!(" ")), ("kind", json!("shop")), ("service", json!("laundry"))]
    {
        let mut bad = good.clone();
        bad[field] = wrong;
        operator.post("/v1/accounts", bad).await.refuses_fields(&[field]);
    }
    let mut named = good.clone();
    named["external_id"] = json!("organizations-test-1");
    operator.post("/v1/accounts", named.clone()).await.expect(201);
    operator.post("/v1/accounts", named).await.problem(409, "external-id-taken");
    let roles = format!("/v1/accounts/{}/roles/0197d000-0000-7000-8000-000000000000", {
        operator.post("/v1/accounts", good).await.expect(201).field("id")
    });
    let nobody = operator.put(&roles, json!({ "role": "admin" })).await;
    assert!([404, 422].contains(&nobody.status.as_u16()), "{}", nobody.text());
}

#[tokio::test]
async fn a_request_that_is_repeated_with_its_idempotency_key_is_carried_out_once() {
    let system = shared().await;
    let organization = system.operator().organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    for (path, body) in [
        (
            "/v1/apps".to_owned(),
            json!({ "name": "Once", "authentication_method": "client_credentials" }),
        ),
        (format!("/v1/apps/{}/keys", app.id), json!({ "name": "once" })),
        (format!("/v1/apps/{}/consent-links", app.id), json!({ "label": "once" })),
    ] {
        let send = async |key: &str, body: &serde_json::Value| {
            let request = developer.request(Method::POST, &path).json(body);
            request.header("idempotency-key", key).send().await
        };
        let first = send("first", &body).await.expect(201);
        let second = send("first", &body).await.expect(201);
        let id = if first.json.get("id").is_some() { "id" } else { "client_id" };
        assert_eq!(first.field(id), second.field(id), "{path}");
        // A secret is shown once, even then.
        for secret in ["client_secret", "token", "url"] {
            assert!(
                second.json.get(secret).is_none_or(serde_json::Value::is_null),
                "{}",
                second.text()
            );
        }
        let mut other = body.clone();
        other[if body.get("name").is_some() { "name" } else { "label" }] = json!("other");
        send("first", &other).await.problem(422, "idempotency-key-reused");
        assert_ne!(send("second", &body).await.expect(201).field(id), first.field(id));
        send("", &body).await.problem(400, "invalid-idempotency-key");
    }
}
