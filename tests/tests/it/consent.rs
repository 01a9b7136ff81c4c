//! What a person sees and may choose when they are asked for consent: rules 18 to 22.

use chrono::{DateTime, Utc};
use journeys::events::{self, Event, count};
use journeys::people::{Account, App, Link, MARKETING_SOLUTIONS, Organization, RETAIL_MEDIA};
use journeys::system::shared;
use serde_json::{Value, json};

const ROLES: [&str; 5] = journeys::people::ACCOUNT_ROLES;

async fn asking_app(service: &str) -> (Organization, App) {
    let organization = shared().await.operator().organization().await;
    let app = organization.developer.active_app(&organization, service).await;
    (organization, app)
}

async fn state_of(organization: &Organization, link: &Link) -> Value {
    organization.auditor.get(&format!("/v1/consent-links/{}", link.id)).await.expect(200).json
}

#[tokio::test]
async fn whoever_opens_sees_who_asks_for_what_and_why_an_account_cannot_be_chosen() {
    let system = shared().await;
    let operator = system.operator();
    let (organization, app) = asking_app(RETAIL_MEDIA).await;
    let person = operator.person("Shopkeeper").await;
    let granted = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let free = operator.account(RETAIL_MEDIA, &[]).await;
    let viewed = operator.account(RETAIL_MEDIA, &["admin", "business_manager"]).await;
    let other_service = operator.account(MARKETING_SOLUTIONS, &[]).await;
    for (account, role) in [
        (&granted, "technical_manager"),
        (&free, "business_manager"),
        (&viewed, "viewer"),
        (&other_service, "admin"),
    ] {
        operator.assign(account, &person, role).await;
    }
    let earlier = organization.developer.link(&app).await;
    granted.admin().approve(&earlier, &[&granted.id]).await.expect(200);

    let link = organization.developer.link(&app).await;
    let page = person.open(&link).await.expect(200).json;
    assert_eq!(
        (&page["organization"]["id"], &page["organization"]["contact_email"]),
        (&json!(organization.id), &json!("contact@people.example"))
    );
    assert_eq!(
        (&page["app"]["name"], &page["app"]["description"]),
        (&json!("Shelf Optimizer"), &json!("Keeps shelves in order."))
    );
    assert_eq!(
        page["domains"][1]["descriptions"],
        json!([
            "See your campaigns and line items.",
            "Create, change and stop your campaigns and line items."
        ])
    );
    let choices = page["accounts"].as_array().unwrap();
    assert_eq!(choices.len(), 3, "accounts of another service are not offered: {page}");
    let choice = |account: &Account| {
        choices.iter().find(|choice| choice["id"] == account.id.as_str()).unwrap()
    };
    assert_eq!(
        (&choice(&free)["selectable"], choice(&free).get("reason").is_none_or(Value::is_null)),
        (&json!(true), true)
    );
    let reason = &choice(&granted)["reason"];
    assert_eq!(
        (&choice(&granted)["selectable"], &reason["code"]),
        (&json!(false), &json!("already_granted"))
    );
    assert_eq!(
        (&reason["granted_by"]["person_id"], &reason["granted_by"]["name"]),
        (&json!(granted.admin().id), &json!(granted.admin().name))
    );
    reason["granted_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    let reason = &choice(&viewed)["reason"];
    assert_eq!(
        (&choice(&viewed)["selectable"], &reason["code"]),
        (&json!(false), &json!("role_may_not_consent"))
    );
    let mut named: Vec<&str> = reason["consenters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| person["person_id"].as_str().unwrap())
        .collect();
    let mut expected = [viewed.admin().id.as_str(), viewed.person("business_manager").id.as_str()];
    named.sort_unstable();
    expected.sort_unstable();
    assert_eq!(named, expected);
}

#[tokio::test]
async fn the_catalogue_says_which_roles_may_consent_for_a_service() {
    let operator = shared().await.operator();
    for (service, may) in [
        (RETAIL_MEDIA, &["admin", "business_manager", "technical_manager"][..]),
        (MARKETING_SOLUTIONS, &["admin"][..]),
    ] {
        let organization = operator.organization().await;
        let app = organization.developer.active_app(&organization, service).await;
        let account = operator.account(service, &ROLES).await;
        for role in ROLES {
            let (person, link) = (account.person(role), organization.developer.link(&app).await);
            let answer = person.approve(&link, &[&account.id]).await;
            if may.contains(&role) {
                answer.expect(200);
                continue;
            }
            answer.problem(403, "role-not-allowed");
            assert_eq!(answer.json["errors"][0]["field"], "accounts[0]", "{service} {role}");
            // The link is still there for somebody who may.
            assert_eq!(state_of(&organization, &link).await["state"], "pending");
        }
    }
}

#[tokio::test]
async fn the_role_counts_at_the_moment_of_approval_and_all_of_the_choice_or_nothing() {
    let operator = shared().await.operator();
    let (organization, app) = asking_app(RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let second = operator.account(RETAIL_MEDIA, &[]).await;
    let admin = account.admin();
    operator.assign(&second, admin, "analyst").await;
    let link = organization.developer.link(&app).await;

    let page = admin.open(&link).await.expect(200).json;
    assert_eq!(page["accounts"][0]["selectable"], true);
    operator.assign(&account, admin, "viewer").await;
    admin.approve(&link, &[&account.id]).await.problem(403, "role-not-allowed");
    operator.delete(&format!("/v1/accounts/{}/roles/{}", account.id, admin.id)).await.expect(204);
    admin.approve(&link, &[&account.id]).await.refuses_fields(&["accounts[0]"]);

    operator.assign(&account, admin, "admin").await;
    let both = [account.id.as_str(), second.id.as_str()];
    let refused = admin.approve(&link, &both).await;
    refused.problem(403, "role-not-allowed");
    assert_eq!(refused.json["errors"][0]["field"], "accounts[1]");
    assert_eq!(admin.get("/v1/grants").await.expect(200).json["items"], json!([]));
    admin.approve(&link, &both[..1]).await.expect(200);
}

#[tokio::test]
async fn an_approval_names_at_least_one_account_each_once_and_of_its_service() {
    let operator = shared().await.operator();
    let (organization, app) = asking_app(RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let other_service = operator.account(MARKETING_SOLUTIONS, &[]).await;
    operator.assign(&other_service, account.admin(), "admin").await;
    let others = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let link = organization.developer.link(&app).await;
    let admin = account.admin();
    admin.approve(&link, &[]).await.refuses_fields(&["accounts"]);
    admin.approve(&link, &[&account.id, &account.id]).await.refuses_fields(&["accounts[1]"]);
    admin.approve(&link, &["everything"]).await.refuses_fields(&["accounts[0]"]);
    admin.approve(&link, &[&other_service.id]).await.refuses_fields(&["accounts[0]"]);
    admin.approve(&link, &[&account.id, &others.id]).await.refuses_fields(&["accounts[1]"]);
    let path = format!("/v1/consent-requests/{}/approve", link.token);
    admin.post(&path, json!({})).await.expect(422);
    admin
        .post(&path, json!({ "accounts": [account.id], "domains": [] }))
        .await
        .refuses_fields(&["domains"]);
    for nobody in [format!("mandate_cl_{}", "A".repeat(43)), "nonsense".to_owned()] {
        let link = Link { token: nobody, ..link.clone() };
        admin.open(&link).await.problem(404, "consent-request-not-found");
        admin.approve(&link, &[&account.id]).await.problem(404, "consent-request-not-found");
        admin.deny(&link).await.problem(404, "consent-request-not-found");
    }
    assert_eq!(state_of(&organization, &link).await["state"], "pending");
}

#[tokio::test]
async fn consents_of_several_people_add_up_and_one_that_is_there_is_left_as_it_is() {
    let operator = shared().await.operator();
    let (organization, app) = asking_app(RETAIL_MEDIA).await;
    let first = operator.account(RETAIL_MEDIA, &["admin", "business_manager"]).await;
    let second = operator.account(RETAIL_MEDIA, &[]).await;
    operator.assign(&second, first.person("business_manager"), "technical_manager").await;
    let links = [organization.developer.link(&app).await, organization.developer.link(&app).await];
    let once = first.admin().approve(&links[0], &[&first.id]).await.expect(200).json;
    let both = first.person("business_manager").approve(&links[1], &[&first.id, &second.id]).await;
    let both = both.expect(200).json;
    assert_eq!(both["granted"].as_array().unwrap().len(), 1);
    assert_eq!(both["granted"][0]["account_id"], second.id.as_str());
    let earlier = &both["already_granted"][0];
    assert_eq!(earlier["grant_id"], once["granted"][0]["grant_id"]);
    assert_eq!(
        (&earlier["granted_at"], &earlier["granted_by"]["person_id"]),
        (&once["approved_at"], &json!(first.admin().id))
    );

    let itself = organization.developer.key(&app).await.app(&organization.developer).await;
    let reached = itself.get("/v1/me/accounts").await.expect(200).json;
    let reached: Vec<&Value> =
        reached["items"].as_array().unwrap().iter().map(|account| &account["id"]).collect();
    assert_eq!(reached, [&json!(first.id), &json!(second.id)]);
    let found = events::found(
        &organization.auditor,
        &format!("app_id={}", app.id),
        &["consent-link.redeemed"; 2],
    )
    .await;
    assert_eq!(count(found.iter().map(Event::kind))["consent.granted"], 2);
}
