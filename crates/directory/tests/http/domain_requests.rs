//! Rule 9: a domain on request is asked for, and an operator answers.

use futures::future::join;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage::{Person, Stage};

const BILLING: &str = "retail_media/billing:read";

async fn ask(person: &Person, organization: &str, domain: &str) -> String {
    let body = json!({ "domain": domain, "reason": "Invoices Typed" });
    person.post(&format!("{organization}/domain-requests"), body).await.expect(201).field("id")
}

#[tokio::test]
async fn a_domain_is_asked_for_with_a_reason_and_granted() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let path = format!("{organization}/domain-requests");
    let body = json!({ "domain": BILLING, "reason": " Invoices Typed " });
    let (asked, events) = stage.events_of(owner.post(&path, &body)).await;
    assert_eq!(events, ["domain-request.created"]);
    let asked = asked.expect(201);
    assert_eq!(
        (&asked.json["state"], &asked.json["reason"]),
        (&json!("open"), &json!("Invoices Typed"))
    );
    owner.post(&path, &body).await.problem(409, "domain-requested-already");
    let open = stage.operator.get("/v1/domain-requests").await.expect(200);
    assert_eq!(open.ids(), [asked.field("id")]);

    let grant = format!("/v1/domain-requests/{}/grant", asked.field("id"));
    let answer = json!({ "reason": "Granted Typed" });
    let (granted, events) = stage.events_of(stage.operator.post(&grant, &answer)).await;
    let granted = granted.expect(200).json;
    assert_eq!(
        (&granted["state"], &granted["answer_reason"]),
        (&json!("granted"), &json!("Granted Typed"))
    );
    assert_eq!(events, ["domain-request.granted", "organization.domains-enabled"]);
    let read = owner.get(&organization).await.expect(200).json;
    assert_eq!(read["enabled_domains"], json!([BILLING]));
    stage.operator.post(&grant, &answer).await.problem(409, "domain-request-answered");
    owner.post(&path, &body).await.problem(409, "domain-enabled-already");
    let listed = owner.get(&path).await.expect(200).json;
    assert_eq!(listed["items"][0]["state"], "granted");
    assert_eq!(stage.operator.get("/v1/domain-requests").await.expect(200).ids(), [""; 0]);
    let granted = stage.operator.get("/v1/domain-requests?state=granted").await.expect(200);
    assert_eq!(granted.ids(), [asked.field("id")]);
    let told = stage.mails().await;
    for (template, recipient) in
        [("domain_requested", &stage.operator.email), ("domain_answered", &owner.email)]
    {
        let mail = (template.to_owned(), recipient.clone());
        assert_eq!(told.iter().filter(|told| **told == mail).count(), 1, "{told:?}");
    }
    stage.close().await;
}

#[tokio::test]
async fn a_request_can_be_declined_and_made_again() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let id = ask(&owner, &organization, BILLING).await;
    let decline = format!("/v1/domain-requests/{id}/decline");
    let (answer, events) = stage.events_of(stage.operator.post(&decline, json!({}))).await;
    assert_eq!(answer.expect(200).json["answer_reason"], Value::Null);
    assert_eq!(events, ["domain-request.declined"]);
    stage.operator.post(&decline, json!({})).await.problem(409, "domain-request-answered");
    let read = owner.get(&organization).await.expect(200).json;
    assert_eq!(read["enabled_domains"], json!([]));
    // What an operator enabled meanwhile is not enabled twice.
    let id = ask(&owner, &organization, BILLING).await;
    let domains = json!({ "domains": [BILLING] });
    stage.operator.put(&format!("{organization}/enabled-domains"), domains).await.expect(200);
    let grant = format!("/v1/domain-requests/{id}/grant");
    let (answer, events) = stage.events_of(stage.operator.post(&grant, json!({}))).await;
    answer.expect(200);
    assert_eq!(events, ["domain-request.granted"]);
    stage.close().await;
}

#[tokio::test]
async fn members_ask_operators_answer_and_strangers_see_nothing() {
    let stage = Stage::set().await;
    let (owner, stranger) = (stage.person("owner").await, stage.person("stranger").await);
    let auditor = stage.person("auditor").await;
    let organization = owner.organization().await;
    let member = json!({ "email": auditor.email, "role": "auditor" });
    stage.operator.post(&format!("{organization}/members"), member).await.expect(201);
    let path = format!("{organization}/domain-requests");
    let body = json!({ "domain": BILLING, "reason": "x" });
    auditor.post(&path, &body).await.problem(403, "role-not-allowed");
    stranger.post(&path, &body).await.problem(404, "organization-not-found");
    stranger.get(&path).await.problem(404, "organization-not-found");
    let id = ask(&owner, &organization, BILLING).await;
    assert_eq!(auditor.get(&path).await.expect(200).ids(), std::slice::from_ref(&id));
    for answer in ["grant", "decline"] {
        let path = format!("/v1/domain-requests/{id}/{answer}");
        let (refused, events) = stage.events_of(owner.post(&path, json!({}))).await;
        refused.problem(403, "role-not-allowed");
        assert_eq!(events, ["access.refused"]);
        stranger.post(&path, json!({})).await.problem(404, "domain-request-not-found");
        let long = json!({ "reason": "x".repeat(1001) });
        stage.operator.post(&path, long).await.refuses_fields(&["reason"]);
    }
    owner.get("/v1/domain-requests").await.problem(403, "role-not-allowed");
    for (body, fields) in [
        (json!({ "domain": "retail_media/campaigns:read", "reason": "x" }), vec!["domain"]),
        (json!({ "domain": "nothing", "reason": " " }), vec!["domain", "reason"]),
    ] {
        owner.post(&path, body).await.refuses_fields(&fields);
    }
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_answers_at_once_one_counts() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let id = ask(&owner, &organization, BILLING).await;
    let (grant, decline) =
        (format!("/v1/domain-requests/{id}/grant"), format!("/v1/domain-requests/{id}/decline"));
    let at_once =
        join(stage.operator.post(&grant, json!({})), stage.operator.post(&decline, json!({})));
    let request: Uuid = id.parse().unwrap();
    let (granted, declined) = stage.meeting("domain_requests", request, 2, Box::pin(at_once)).await;
    let both = (granted.status.as_u16(), declined.status.as_u16());
    assert!([(200, 409), (409, 200)].contains(&both), "{both:?}");
    let read = owner.get(&organization).await.expect(200).json;
    let enabled = read["enabled_domains"].as_array().unwrap().len();
    assert_eq!(enabled, usize::from(both.0 == 200));
    stage.close().await;
}

#[tokio::test]
async fn what_was_typed_is_beside_the_events() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let id = ask(&owner, &organization, BILLING).await;
    let decline = format!("/v1/domain-requests/{id}/decline");
    stage.operator.post(&decline, json!({ "reason": "Declined Typed" })).await.expect(200);
    let envelopes: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT envelope FROM directory.events WHERE type LIKE 'mandate.domain-request.%'",
    )
    .fetch_all(&stage.resources.pool)
    .await
    .unwrap();
    assert_eq!(envelopes.len(), 2);
    for envelope in envelopes {
        assert!(!String::from_utf8(envelope).unwrap().contains("Typed"));
    }
    let details: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT details FROM directory.details d JOIN directory.events e ON e.id = d.event_id
         WHERE type LIKE 'mandate.domain-request.%' ORDER BY seq",
    )
    .fetch_all(&stage.resources.pool)
    .await
    .unwrap();
    let reasons: Vec<Value> =
        details.iter().map(|bytes| serde_json::from_slice(bytes).unwrap()).collect();
    // Both can be erased, and nothing else of an answered request changes.
    let erase = "UPDATE directory.domain_requests SET answer_reason = NULL";
    sqlx::query(erase).execute(&stage.resources.pool).await.unwrap();
    for change in [
        "UPDATE directory.domain_requests SET state = 'open', answered_at = NULL, answered_by = NULL",
        "UPDATE directory.domain_requests SET answer_reason = 'Other'",
    ] {
        sqlx::query(change).execute(&stage.resources.pool).await.unwrap_err();
    }
    assert_eq!(
        reasons,
        [json!({ "reason": "Invoices Typed" }), json!({ "reason": "Declined Typed" })]
    );
    stage.close().await;
}
