//! How an app's links and grants stand, and when they were last used.

use chrono::Duration;
use contract::rpc::AccountRole;
use serde_json::{Value, json};

use crate::stage::Stage;

#[tokio::test]
async fn developers_see_how_many_links_and_grants_there_are_and_how_many_end_soon() {
    let stage = Stage::set().await;
    let path = format!("/v1/apps/{}/consent-activity", stage.app);
    let admin = stage.person("The admin");
    let accounts = [0, 1, 2].map(|_| stage.account(&admin, AccountRole::Admin));
    let nothing = stage.developer.get(&path).await.expect(200).json;
    assert_eq!(
        nothing,
        json!({ "app_id": stage.app, "open_links": 0, "live_grants": 0, "more_grants": false,
                "grants_ending_soon": 0, "last_used_at": null })
    );

    stage.link().await;
    let [revoked, _] = stage.granted(&admin, &accounts[..2]).await.try_into().unwrap();
    let links = format!("/v1/apps/{}/consent-links", stage.app);
    let link = stage.developer.post(&links, json!({ "grant_lifetime_days": 20 })).await;
    admin.approve(&link.expect(201).field("token"), &accounts[2..]).await.expect(200);
    admin.delete(&format!("/v1/grants/{revoked}")).await.expect(204);
    let there = stage.developer.get(&path).await.expect(200).json;
    assert_eq!(there["open_links"], 1);
    assert_eq!((&there["live_grants"], &there["grants_ending_soon"]), (&json!(2), &json!(1)));

    // By the clock of the question, whether or not the end was recorded.
    stage.clock.advance(Duration::days(20));
    let later = stage.developer.get(&path).await.expect(200).json;
    assert_eq!((&later["live_grants"], &later["grants_ending_soon"]), (&json!(1), &json!(0)));
    stage.person("A stranger").get(&path).await.problem(404, "app-not-found");
}

#[tokio::test]
async fn a_list_of_apps_has_the_live_grants_of_each_that_one_may_know_of() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let accounts = [0, 1, 2].map(|_| stage.account(&admin, AccountRole::Admin));
    let path = "/v1/apps/consent-activity";
    let unknown: contract::AppId = stage.env().new_id();
    let asked = json!({ "ids": [unknown, stage.app] });
    let none = stage.developer.post(path, &asked).await.expect(200).json;
    assert_eq!(none["items"], json!([]), "an app without a link");

    let revoked = stage.granted(&admin, &accounts).await.remove(0);
    admin.delete(&format!("/v1/grants/{revoked}")).await.expect(204);
    let there = stage.developer.post(path, &asked).await.expect(200).json;
    let app = json!({ "app_id": stage.app, "live_grants": 2, "more_grants": false });
    assert_eq!(there["items"], json!([app]));
    let stranger = stage.person("A stranger");
    assert_eq!(stranger.post(path, &asked).await.expect(200).json["items"], json!([]));

    let too_many: Vec<contract::AppId> = (0..101).map(|_| stage.env().new_id()).collect();
    let refused = stage.developer.post(path, json!({ "ids": too_many })).await;
    refused.problem(422, "invalid-request");
    assert_eq!(
        (&refused.json["errors"][0]["field"], &refused.json["errors"][0]["code"]),
        (&json!("ids"), &json!("too_many"))
    );
}

#[tokio::test]
async fn a_grant_was_last_used_when_its_app_asked_what_it_reaches_while_it_was_live() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let accounts = [0, 1].map(|_| stage.account(&admin, AccountRole::Admin));
    let ended = stage.granted(&admin, &accounts[..1]).await.remove(0);
    let last_use = async |grant: &str| {
        let grants = admin.get("/v1/grants").await.expect(200).json;
        let items = grants["items"].as_array().unwrap();
        items.iter().find(|found| found["id"] == grant).unwrap()["last_used_at"].clone()
    };
    assert_eq!(last_use(&ended).await, Value::Null);

    stage.clock.advance(Duration::minutes(5));
    let used = json!(stage.env().now());
    stage.reached().await;
    assert_eq!(last_use(&ended).await, used);
    // Within a minute nothing is written.
    stage.clock.advance(Duration::seconds(30));
    stage.reached().await;
    assert_eq!(last_use(&ended).await, used);

    // What came later was not used yet, and what has ended is not used any more.
    stage.clock.advance(Duration::minutes(1));
    let live = stage.granted(&admin, &accounts[1..]).await.remove(0);
    assert_eq!(last_use(&live).await, Value::Null);
    admin.delete(&format!("/v1/grants/{ended}")).await.expect(204);
    stage.clock.advance(Duration::minutes(1));
    stage.reached().await;
    assert_eq!(
        (last_use(&live).await, last_use(&ended).await),
        (json!(stage.env().now()), Value::Null)
    );
    let path = format!("/v1/apps/{}/consent-activity", stage.app);
    let activity = stage.developer.get(&path).await.expect(200).json;
    assert_eq!(activity["last_used_at"], json!(stage.env().now()));
}
