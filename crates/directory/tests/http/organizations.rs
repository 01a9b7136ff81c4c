//! Rules 1 and 2.

use axum::http::Method;
use futures::future::join_all;
use serde_json::json;

use crate::stage::{Stage, organization};

#[tokio::test]
async fn whoever_makes_an_organization_owns_it() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (answer, events) = stage.events_of(owner.post("/v1/organizations", &organization())).await;
    assert_eq!(
        events,
        ["organization.created", "membership.granted", "contact-confirmation.requested"]
    );
    let location = answer.headers["location"].to_str().unwrap().to_owned();
    let made = answer.expect(201).json;
    assert_eq!(made["contact_email"], "contact@example.com");
    assert_eq!((&made["confirmed"], &made["enabled_domains"]), (&json!(false), &json!([])));
    assert_eq!(owner.get(&location).await.expect(200).json, made);
    let me = owner.get("/v1/people/me").await.expect(200).json;
    assert_eq!(me["memberships"][0]["role"], "owner");
    stage.close().await;
}

#[tokio::test]
async fn an_operator_can_name_the_owner_and_nobody_else_can() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.person("owner").await, stage.person("other").await);
    let mut body = organization();
    body["owner_person_id"] = json!(owner.id);
    other.post("/v1/organizations", &body).await.refuses_fields(&["owner_person_id"]);
    stage.operator.post("/v1/organizations", &body).await.expect(201);
    assert_eq!(
        owner.get("/v1/organizations").await.expect(200).json["items"].as_array().unwrap().len(),
        1
    );
    body["owner_person_id"] = json!("00000000-0000-7000-8000-000000000000");
    stage.operator.post("/v1/organizations", &body).await.refuses_fields(&["owner_person_id"]);
    stage.close().await;
}

#[tokio::test]
async fn wrong_fields_are_all_named() {
    let stage = Stage::set().await;
    let body = json!({
        "name": "", "kind": "agency", "contact_email": "x", "country": "XX",
        "website": "javascript:alert(1)", "description": "é".repeat(256),
    });
    let answer = stage.operator.post("/v1/organizations", &body).await;
    answer.refuses_fields(&["name", "contact_email", "country", "website", "description"]);
    let mut unknown = organization();
    unknown["kind"] = json!("bakery");
    stage.operator.post("/v1/organizations", &unknown).await.refuses_fields(&["kind"]);
    stage.close().await;
}

#[tokio::test]
async fn the_same_key_makes_one_organization() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let send = || {
        let request = owner.request(Method::POST, "/v1/organizations").json(organization());
        request.header("idempotency-key", "k-1").send()
    };
    let first = send().await.expect(201).json;
    let (again, events) = stage.events_of(send()).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!((again.expect(201).json, events.len()), (first, 0));
    stage.close().await;
}

#[tokio::test]
async fn whoever_left_the_organization_is_not_answered_as_before() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.person("owner").await, stage.person("other").await);
    let send = || {
        let request = owner.request(Method::POST, "/v1/organizations").json(organization());
        request.header("idempotency-key", "k-1").send()
    };
    let path = format!("/v1/organizations/{}", send().await.expect(201).field("id"));
    let second = json!({ "email": other.email, "role": "owner" });
    stage.operator.post(&format!("{path}/members"), &second).await.expect(201);
    owner.delete(&format!("{path}/members/{}", owner.id)).await.expect(204);
    let (again, events) = stage.events_of(send()).await;
    again.problem(404, "organization-not-found");
    assert!(events.is_empty(), "and there is no second one: {events:?}");
    stage.close().await;
}

#[tokio::test]
async fn a_new_contact_address_has_to_be_confirmed_anew() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let confirm = format!("{organization}/confirm-contact");

    let (answer, events) = stage.events_of(owner.post(&confirm, &json!({}))).await;
    answer.problem(403, "role-not-allowed");
    assert_eq!(events, ["access.refused"]);

    let (answer, events) = stage.events_of(stage.operator.post(&confirm, &json!({}))).await;
    assert_eq!(answer.expect(200).json["confirmed"], true);
    assert_eq!(events, ["organization.contact-confirmed"]);
    let (answer, events) = stage.events_of(stage.operator.post(&confirm, &json!({}))).await;
    assert_eq!((answer.expect(200).json["confirmed"].clone(), events.len()), (json!(true), 0));

    let edit = json!({"contact_email": "new@example.com", "website": null});
    let (answer, events) = stage.events_of(owner.patch(&organization, &edit)).await;
    let edited = answer.expect(200).json;
    assert_eq!((&edited["confirmed"], &edited["website"]), (&json!(false), &json!(null)));
    assert_eq!(events, ["organization.edited", "contact-confirmation.requested"]);
    stage.close().await;
}

#[tokio::test]
async fn only_the_version_that_was_read_is_changed() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let tag = owner.get(&organization).await.headers["etag"].to_str().unwrap().to_owned();
    let edit = async |name: &str| {
        let request = owner.request(Method::PATCH, &organization).json(json!({"name": name}));
        request.header("if-match", &tag).send().await
    };
    edit("One").await.expect(200);
    edit("Two").await.expect(412);
    let (answer, events) =
        stage.events_of(owner.patch(&organization, &json!({"name": "One"}))).await;
    answer.expect(200);
    assert_eq!(events.len(), 0);
    stage.close().await;
}

#[tokio::test]
async fn operators_enable_domains_on_request_only() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let path = format!("{}/enabled-domains", owner.organization().await);
    let wanted = json!({"domains": ["retail_media/accounts:manage"]});
    owner.put(&path, &wanted).await.problem(403, "role-not-allowed");
    let (answer, events) = stage.events_of(stage.operator.put(&path, &wanted)).await;
    assert_eq!(answer.expect(200).json["enabled_domains"], wanted["domains"]);
    assert_eq!(events, ["organization.domains-enabled"]);
    let common = json!({"domains": ["retail_media/campaigns:read"]});
    stage.operator.put(&path, &common).await.refuses_fields(&["domains"]);
    stage.close().await;
}

#[tokio::test]
async fn strangers_do_not_learn_that_an_organization_exists() {
    let stage = Stage::set().await;
    let (owner, stranger) = (stage.person("owner").await, stage.person("stranger").await);
    let organization = owner.organization().await;
    let (members, confirm) =
        (format!("{organization}/members"), format!("{organization}/confirm-contact"));
    stranger.get(&organization).await.problem(404, "organization-not-found");
    stranger.patch(&organization, &json!({})).await.problem(404, "organization-not-found");
    stranger.get(&members).await.problem(404, "organization-not-found");
    stranger.post(&confirm, &json!({})).await.problem(404, "organization-not-found");
    assert_eq!(stranger.get("/v1/organizations").await.expect(200).json["items"], json!([]));
    stage.close().await;
}

#[tokio::test]
async fn few_organizations_of_a_person_wait_for_their_contact_to_be_confirmed() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let first = owner.organization().await;
    for _ in 0..2 {
        owner.organization().await;
    }
    let (answer, events) = stage.events_of(owner.post("/v1/organizations", &organization())).await;
    answer.problem(409, "too-many-unconfirmed-organizations");
    assert!(events.is_empty(), "{events:?}");
    // Being made an owner by others takes nothing from anybody.
    let other = stage.person("other").await;
    let second = json!({ "email": other.email, "role": "owner" });
    stage.operator.post(&format!("{first}/members"), &second).await.expect(201);
    for _ in 0..3 {
        other.organization().await;
    }
    stage.operator.act(&format!("{first}/confirm-contact")).await.expect(200);
    owner.organization().await;
    owner.post("/v1/organizations", &organization()).await.expect(409);
    for _ in 0..4 {
        stage.operator.organization().await;
    }
    stage.close().await;
}

#[tokio::test]
async fn organizations_that_are_made_at_once_are_counted_one_after_the_other() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let making =
        (0..6).map(async |_| owner.post("/v1/organizations", organization()).await.status.as_u16());
    let statuses = stage.meeting("people", owner.id.uuid(), 6, join_all(making)).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 3, "{statuses:?}");
    stage.close().await;
}
