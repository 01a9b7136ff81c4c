//! What is kept beside the events: what people typed, and the words that were shown.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use contract::rpc::AccountRole;
use contract::{Commitment, Envelope, Salt};
use serde_json::{Value, json};
use sqlx::Row;

use crate::stage::{RETAIL, Stage};

/// The details of an event, which are those that it commits to.
async fn details_of(stage: &Stage, event: &Envelope) -> Value {
    let row = sqlx::query("SELECT salt, details FROM consent_broker.details WHERE event_id = $1")
        .bind(event.id.uuid())
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    let salt = Salt(row.get::<&[u8], _>("salt").try_into().unwrap());
    let details = row.get::<&[u8], _>("details");
    assert_eq!(event.detailshash, Some(Commitment::of(&salt, details)));
    serde_json::from_slice(details).unwrap()
}

#[tokio::test]
async fn each_consent_keeps_the_words_and_names_that_its_page_showed() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let accounts = ["Corner Shop", "Side Street Shop"].map(|name| {
        let account = stage.remote.account(stage.env(), name, RETAIL);
        stage.remote.role(account, holder.id, Some(AccountRole::Admin));
        account
    });
    let (_, token) = stage.link().await;
    let page = holder.open(&token).await.json;
    assert_eq!(holder.approve(&token, &accounts).await.status, StatusCode::OK);

    let mut kept = BTreeMap::new();
    for event in stage.events_of("consent.granted").await {
        kept.insert(event.data["account_id"].clone().to_string(), details_of(&stage, &event).await);
    }
    for account in page["accounts"].as_array().unwrap() {
        let expected = json!({
            "organization_name": page["organization"]["name"],
            "app_name": page["app"]["name"],
            "app_description": page["app"]["description"],
            "account_name": account["name"],
            "language": "en",
            "service": page["service"],
            "domains": page["domains"],
            "duration": page["duration"],
            "how_to_end": page["how_to_end"],
        });
        assert_eq!(kept.remove(&account["id"].to_string()), Some(expected));
    }
    assert!(kept.is_empty());
}

#[tokio::test]
async fn the_label_of_a_link_is_kept_beside_its_event() {
    let stage = Stage::set().await;
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    stage.developer.post(&path, json!({"label": "For the corner shop"})).await;
    stage.developer.post(&path, json!({})).await;
    let [labelled, unlabelled] = stage.events_of("consent-link.created").await.try_into().unwrap();
    assert_eq!(details_of(&stage, &labelled).await, json!({"label": "For the corner shop"}));
    assert_eq!(details_of(&stage, &unlabelled).await, json!({}));
}

#[tokio::test]
async fn no_event_has_a_word_that_anybody_typed() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    let path = format!("/v1/apps/{}/consent-links", stage.app);
    let link = stage.developer.post(&path, json!({"label": "For the corner shop"})).await;
    holder.open(&link.field("token")).await;
    assert_eq!(holder.approve(&link.field("token"), &[account]).await.status, StatusCode::OK);
    holder.delete(&format!("/v1/grants?app_id={}", stage.app)).await;

    let events = stage.events().await;
    assert_eq!(events.len(), 5);
    for event in events {
        let text = String::from_utf8(event.canonical().unwrap()).unwrap();
        for typed in ["corner shop", "Corner Shop", "Shelf", "shelves", "Bidwise", "The admin"] {
            assert!(!text.contains(typed), "{typed} in {text}");
        }
    }
}

#[tokio::test]
async fn an_approval_of_words_that_have_changed_since_approves_nothing() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    let (_, token) = stage.link().await;
    let shown = holder.open(&token).await.field("text_sha256");
    for organization in stage.remote.known().organizations.values_mut() {
        "Another name".clone_into(&mut organization.name);
    }
    let path = format!("/v1/consent-requests/{token}/approve");
    let body = json!({"accounts": [account], "text_sha256": shown});
    holder.post(&path, &body).await.problem(409, "consent-text-changed");
    assert!(stage.events_of("consent.granted").await.is_empty());

    let shown = holder.open(&token).await.field("text_sha256");
    let body = json!({"accounts": [account], "text_sha256": shown});
    holder.post(&path, &body).await.expect(200);
    let [granted] = stage.events_of("consent.granted").await.try_into().unwrap();
    assert_eq!(details_of(&stage, &granted).await["organization_name"], "Another name");
}
