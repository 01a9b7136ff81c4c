//! `POST /v1/apps`

use axum::http::{Method, StatusCode};
use contract::rpc::MemberRole;
use serde_json::{Value, json};

use crate::stage::{Stage, draft};

#[tokio::test]
async fn a_developer_creates_a_draft_with_a_name_and_a_method_alone() {
    let stage = Stage::set().await;
    let answer = stage.developer().post("/v1/apps", draft()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    let id = answer.field("id");
    assert_eq!(answer.json["state"], "draft");
    assert_eq!(answer.json["organization_id"], json!(stage.organization));
    assert_eq!(answer.json["domains"], json!([]));
    assert_eq!(stage.events_of(&id).await, ["mandate.app.created.v1"]);

    let read = stage.developer().get(&format!("/v1/apps/{id}")).await;
    assert_eq!(read.status, StatusCode::OK);
    assert_eq!(read.json, answer.json);
}

#[tokio::test]
async fn the_event_names_who_why_and_on_whose_behalf_and_what_was_typed_and_where_from_only_beside_it()
 {
    let stage = Stage::set().await;
    let mut body = draft();
    body["description"] = json!("Keeps shelves full.");
    let answer = stage.developer().post("/v1/apps", body).await;
    let event = stage.last_event_of(&answer.field("id")).await;
    assert_eq!(event["actor"], format!("user/{}", stage.cast.developer.id));
    assert_eq!(event["authority"], "developer");
    assert_eq!(event["organization"], json!(stage.organization));
    assert_eq!(
        event["data"],
        json!({
            "app_id": answer.field("id"), "organization_id": stage.organization,
            "authentication_method": "client_credentials", "domains": [],
        })
    );
    assert!(event["contexthash"].is_string() && event["detailshash"].is_string());
    let typed = json!({"name": "Shelf Optimizer", "description": "Keeps shelves full."});
    assert_eq!(stage.last_details_of(&answer.field("id")).await, typed);
    assert!(event["traceparent"].is_string());
}

#[tokio::test]
async fn domains_are_chosen_from_the_catalogue() {
    let stage = Stage::set().await;
    let mut body = draft();
    body["service"] = json!("retail_media");
    body["domains"] = json!([{"domain": "campaigns", "level": "manage"}]);
    let answer = stage.developer().post("/v1/apps", body.clone()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(
        answer.json["scopes"],
        json!(["RetailMedia_Campaign_Read", "RetailMedia_Campaign_Manage"])
    );

    for (domains, field) in [
        (json!([{"domain": "nothing", "level": "read"}]), "domains[0]"),
        (
            json!([{"domain": "campaigns", "level": "read"}, {"domain": "analytics", "level": "manage"}]),
            "domains[1]",
        ),
        (
            json!([{"domain": "campaigns", "level": "read"}, {"domain": "campaigns", "level": "read"}]),
            "domains[1]",
        ),
        (json!([{"domain": "billing", "level": "read"}]), "domains[0]"),
        (json!([{"domain": "campaigns", "level": "write"}]), "domains[0].level"),
    ] {
        body["domains"] = domains;
        let answer = stage.developer().post("/v1/apps", body.clone()).await;
        answer.refuses_fields(&[field]);
    }
    body["service"] = json!("no_such");
    body["domains"] = json!([]);
    let answer = stage.developer().post("/v1/apps", body.clone()).await;
    answer.refuses_fields(&["service"]);
    body["service"] = json!(null);
    body["domains"] = json!([{"domain": "campaigns", "level": "read"}]);
    let answer = stage.developer().post("/v1/apps", body).await;
    answer.refuses_fields(&["service"]);
}

#[tokio::test]
async fn a_domain_on_request_is_offered_once_an_operator_enabled_it() {
    let stage = Stage::set().await;
    let mut body = draft();
    body["service"] = json!("retail_media");
    body["domains"] = json!([{"domain": "accounts", "level": "manage"}]);
    let answer = stage.developer().post("/v1/apps", body.clone()).await;
    answer.refuses_fields(&["domains[0]"]);
    stage.enable("retail_media/accounts:manage");
    let answer = stage.developer().post("/v1/apps", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(
        answer.json["domains"],
        json!([{"domain": "accounts", "level": "manage"}, {"domain": "campaigns", "level": "read"}]),
        "managing accounts brings reading campaigns"
    );
}

#[tokio::test]
async fn texts_that_are_too_long_empty_or_deceiving_are_named() {
    let stage = Stage::set().await;
    for name in
        [String::new(), "   ".into(), "x".repeat(101), "a\u{0}b".into(), "\u{202E}ppa".into()]
    {
        let mut body = draft();
        body["name"] = json!(name);
        let answer = stage.developer().post("/v1/apps", body).await;
        answer.refuses_fields(&["name"]);
    }
    for hides in ["\u{3164}", "Shelf\u{2060}Optimizer", "a\u{200C}b", "x\u{FDD0}", "\u{2800}"] {
        let mut body = draft();
        body["name"] = json!(hides);
        let refused = stage.developer().post("/v1/apps", body.clone()).await;
        refused.refuses_fields(&["name"]);
        assert_eq!(refused.json["errors"][0]["code"], "forbidden_characters", "{hides:?}");
        body["name"] = json!("Shelf Optimizer");
        body["description"] = json!(hides);
        stage.developer().post("/v1/apps", body).await.refuses_fields(&["description"]);
    }
    for name in ["کتاب\u{200C}خانه", "👨\u{200D}👩\u{200D}👧", "🏳\u{FE0F}\u{200D}🌈 🇫🇷"]
    {
        let mut body = draft();
        body["name"] = json!(name);
        let made = stage.developer().post("/v1/apps", body).await.expect(201);
        assert_eq!(made.field("name"), name);
    }
    let mut body = draft();
    // A form's line ends are one character each, and spreadsheets paste tabs.
    body["description"] = json!(format!("{}\ty", "x\r\n".repeat(126)));
    let made = stage.developer().post("/v1/apps", body).await.expect(201);
    assert_eq!(made.field("description"), format!("{}\ty", "x\n".repeat(126)));
    let mut body = draft();
    body["name"] = json!("");
    body["description"] = json!("x".repeat(256));
    let answer = stage.developer().post("/v1/apps", body).await;
    answer.refuses_fields(&["name", "description"]);
    let mut body = draft();
    body["name"] = json!(format!("  {}  ", "ü".repeat(100)));
    body["description"] = json!("店".repeat(255));
    let answer = stage.developer().post("/v1/apps", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(answer.json["name"], json!("ü".repeat(100)));
}

#[tokio::test]
async fn unknown_and_missing_fields_are_refused() {
    let stage = Stage::set().await;
    let mut body = draft();
    body["state"] = json!("active");
    let answer = stage.developer().post("/v1/apps", body).await;
    answer.refuses_fields(&["state"]);
    let answer = stage.developer().post("/v1/apps", json!({"name": "x"})).await;
    answer.refuses_fields(&["authentication_method"]);
    let mut body = draft();
    body["authentication_method"] = json!("password");
    let answer = stage.developer().post("/v1/apps", body).await;
    answer.refuses_fields(&["authentication_method"]);
}

#[tokio::test]
async fn the_organization_may_be_left_out_when_there_is_only_one_in_question() {
    let stage = Stage::set().await;
    let both = stage.person_in(&[
        (stage.organization, MemberRole::Developer),
        (stage.other_organization, MemberRole::Developer),
    ]);
    let answer = both.post("/v1/apps", draft()).await;
    answer.refuses_fields(&["organization_id"]);
    let mut body = draft();
    body["organization_id"] = json!(stage.other_organization);
    assert_eq!(
        both.post("/v1/apps", body).await.json["organization_id"],
        json!(stage.other_organization)
    );

    // An auditor there may not create, so only one is in question.
    let one = stage.person_in(&[
        (stage.organization, MemberRole::Auditor),
        (stage.other_organization, MemberRole::Owner),
    ]);
    let answer = one.post("/v1/apps", draft()).await;
    assert_eq!(answer.json["organization_id"], json!(stage.other_organization), "{answer:?}");

    let answer = stage.person_in(&[]).post("/v1/apps", draft()).await;
    answer.refuses_fields(&["organization_id"]);
}

#[tokio::test]
async fn the_same_request_sent_again_under_its_key_makes_no_second_app() {
    let stage = Stage::set().await;
    let create = async |body: Value| {
        let developer = stage.developer();
        let request = developer.request(Method::POST, "/v1/apps").json(body);
        request.header("idempotency-key", "a-key-of-mine").send().await
    };
    let first = create(draft()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let second = create(draft()).await;
    assert_eq!(second.status, StatusCode::CREATED, "{second:?}");
    assert_eq!(second.json, first.json);
    assert_eq!(second.header("location"), first.header("location"));
    assert_eq!(stage.count_apps().await, 1);

    let mut other = draft();
    other["name"] = json!("Another");
    let refused = create(other).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    assert_eq!(stage.count_apps().await, 1);
}
