//! Consent links and their states: rules 16, 17 and 21.

use chrono::{DateTime, Duration, Utc};
use journeys::events::{self, Event, count};
use journeys::people::{App, Link, Organization, RETAIL_MEDIA};
use journeys::system::{BASE_URL, shared};
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection};

async fn asking_app(service: &str) -> (Organization, App) {
    let organization = shared().await.operator().organization().await;
    let app = organization.developer.active_app(&organization, service).await;
    (organization, app)
}

async fn state_of(organization: &Organization, link: &Link) -> Value {
    organization.auditor.get(&format!("/v1/consent-links/{}", link.id)).await.expect(200).json
}

#[tokio::test]
async fn only_an_active_app_has_links_and_none_lives_longer_than_30_days() {
    let (organization, app) = asking_app(RETAIL_MEDIA).await;
    let developer = &organization.developer;
    let draft = developer.draft(&organization, RETAIL_MEDIA).await;
    developer
        .post(&format!("/v1/apps/{}/consent-links", draft.id), json!({}))
        .await
        .problem(409, "app-not-active");
    let path = format!("/v1/apps/{}/consent-links", app.id);
    for (field, wrong) in [
        ("expires_in_days", json!(0)),
        ("expires_in_days", json!(31)),
        ("expires_in_days", json!("two")),
        ("label", json!("x".repeat(256))),
        ("uses", json!(2)),
    ] {
        developer.post(&path, json!({ field: wrong })).await.refuses_fields(&[field]);
    }
    let made = developer.post(&path, json!({ "label": "For the fair" })).await.expect(201);
    let time = |field| -> DateTime<Utc> { made.field(field).parse().unwrap() };
    assert_eq!(time("expires_at") - time("created_at"), Duration::days(30));
    let (token, url) = (made.field("token"), made.field("url"));
    assert!(url.starts_with(BASE_URL) && url.ends_with(&token), "{url}");
    assert_eq!(token.strip_prefix("mandate_cl_").unwrap().len(), 43);
    assert_eq!(made.field("state"), "pending");
    // The token is shown once.
    for path in [path, format!("/v1/consent-links/{}", made.field("id"))] {
        assert!(!organization.auditor.get(&path).await.expect(200).text().contains(&token));
    }
}

#[tokio::test]
async fn looking_uses_nothing_up_and_the_makers_look_without_opening() {
    let (organization, app) = asking_app(RETAIL_MEDIA).await;
    let account = shared().await.operator().account(RETAIL_MEDIA, &["admin"]).await;
    let link = organization.developer.link(&app).await;
    organization.owner.open(&link).await.expect(200);
    assert_eq!(state_of(&organization, &link).await["state"], "pending");
    for _ in 0..3 {
        account.admin().open(&link).await.expect(200);
    }
    let opened = state_of(&organization, &link).await;
    assert_eq!(opened["state"], "opened");
    account.admin().approve(&link, &[&account.id]).await.expect(200);
    let granted = state_of(&organization, &link).await;
    assert_eq!(
        (&granted["state"], &granted["opened_at"]),
        (&json!("granted"), &opened["opened_at"])
    );
    assert_eq!(granted["accounts"][0]["id"], account.id.as_str());
    let found = events::found(
        &organization.auditor,
        &format!("app_id={}", app.id),
        &["consent-link.redeemed"],
    )
    .await;
    assert_eq!(count(found.iter().map(Event::kind))["consent-link.opened"], 1);
}

#[tokio::test]
async fn a_used_link_says_when_and_every_second_use_is_recorded() {
    let operator = shared().await.operator();
    let (organization, app) = asking_app(RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let admin = account.admin();
    let (granted, denied) =
        (organization.developer.link(&app).await, organization.developer.link(&app).await);
    let at = admin.approve(&granted, &[&account.id]).await.expect(200).field("approved_at");
    let at_denied = admin.deny(&denied).await.expect(200).field("denied_at");
    for (link, at) in [(&granted, at), (&denied, at_denied)] {
        let second = &at[..19];
        for answer in [
            admin.approve(link, &[&account.id]).await,
            admin.deny(link).await,
            admin.open(link).await,
        ] {
            let detail = answer.problem(409, "link-already-used");
            assert!(detail.contains(second), "{detail} does not tell {at}");
            assert_eq!(answer.json["closed_at"], *at);
            assert_eq!(answer.json["closed_by"], admin.id.as_str());
        }
        organization
            .developer
            .delete(&format!("/v1/consent-links/{}", link.id))
            .await
            .problem(409, "link-already-used");
    }
    assert_eq!(state_of(&organization, &denied).await["state"], "denied");
}

#[tokio::test]
async fn a_revoked_and_an_expired_link_are_gone() {
    let operator = shared().await.operator();
    let (organization, app) = asking_app(RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let (revoked, expired) =
        (organization.developer.link(&app).await, organization.developer.link(&app).await);
    let path = format!("/v1/consent-links/{}", revoked.id);
    organization.developer.delete(&path).await.expect(204);
    organization.developer.delete(&path).await.expect(204);
    make_old(&expired).await;
    for (link, slug) in [(&revoked, "link-revoked"), (&expired, "link-expired")] {
        account.admin().open(link).await.problem(410, slug);
        account.admin().approve(link, &[&account.id]).await.problem(410, slug);
        account.admin().deny(link).await.problem(410, slug);
    }
    assert_eq!(state_of(&organization, &revoked).await["state"], "revoked");
    assert_eq!(state_of(&organization, &expired).await["state"], "expired");
    let found = events::found(
        &organization.auditor,
        &format!("app_id={}", app.id),
        &["consent-link.revoked", "consent-link.expired"],
    )
    .await;
    assert_eq!(count(found.iter().map(Event::kind))["consent-link.revoked"], 1);
}

/// Lets 31 days pass for a link: behind the back of the service and its triggers, since no wish can
/// be for less than a day.
async fn make_old(link: &Link) {
    let mut database = PgConnection::connect(&shared().await.servers.database.url).await.unwrap();
    database.execute("SET session_replication_role = replica").await.unwrap();
    let statement = "UPDATE consent_broker.links SET created_at = created_at - interval '31 days', \
                     expires_at = expires_at - interval '31 days' WHERE id = $1::uuid";
    let updated = sqlx::query(statement).bind(&link.id).execute(&mut database).await.unwrap();
    assert_eq!(updated.rows_affected(), 1);
    database.close().await.unwrap();
}
