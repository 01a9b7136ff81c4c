//! What an app's page shows: its keys, its last token, and what was refused in its name.

use chrono::Duration;
use contract::rpc::{ConsentCounts, CountConsents, CountGrants, LiveGrants};
use contract::{AppId, Service};
use serde_json::{Value, json};
use stage::eventually;

use crate::stage::{Replica, Stage, keys_of};

async fn activity(replica: &Replica, app: AppId) -> Value {
    replica.client("auditor").get(&format!("/v1/apps/{app}/activity")).await.expect(200).json
}

async fn until(replica: &Replica, app: AppId, shows: impl Fn(&Value) -> bool) -> Value {
    eventually("it is shown", async || {
        let activity = activity(replica, app).await;
        if shows(&activity) { Ok(activity) } else { Err(activity.to_string()) }
    })
    .await
}

#[tokio::test]
async fn an_apps_activity_is_what_it_did() {
    let (stage, replica, app) = Stage::with_app().await;
    let none = activity(&replica, app).await;
    assert_eq!(none["keys"], json!({"live": 0, "most": 5, "working": 0, "ending_soon": 0}));
    assert_eq!(none["refusals"]["count"], 0);
    assert_eq!(
        (&none["last_token_at"], &none["refusals"]["last_at"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(none["refusals"]["since"], "2027-01-14T08:00:00Z");

    let (key, deleted) = (replica.key(app).await, replica.key(app).await);
    let owner = replica.client("owner");
    owner.delete(&format!("/v1/keys/{}", deleted.0)).await.expect(200);
    for days in [30, 31] {
        let expires_at = (stage.env.now() + Duration::days(days)).to_rfc3339();
        let body = json!({"name": "short", "expires_at": expires_at});
        owner.post(&keys_of(app), body).await.expect(201);
    }
    assert_eq!(replica.token(&key).await.status, 200);
    let other = stage.replica().await;
    let wrong = (key.0.clone(), format!("mandate_cs_{}", "A".repeat(43)));
    for replica in [&replica, &other, &replica] {
        assert_eq!(replica.token(&wrong).await.status, 401);
    }
    let shown = until(&replica, app, |shown| {
        shown["refusals"]["count"] == 3 && !shown["last_token_at"].is_null()
    })
    .await;
    assert_eq!(shown["keys"], json!({"live": 3, "most": 5, "working": 4, "ending_soon": 1}));
    assert_eq!(shown["last_token_at"], json!(stage.env.now()));
    assert_eq!(shown["refusals"]["last_at"], json!(stage.env.now()));

    // After a day it is forgotten, by the hour.
    stage.clock.advance(Duration::hours(23));
    assert_eq!(activity(&replica, app).await["refusals"]["count"], 3);
    stage.clock.advance(Duration::hours(2));
    let later = activity(&replica, app).await;
    assert_eq!((&later["refusals"]["count"], &later["keys"]["working"]), (&json!(0), &json!(3)));
    assert_eq!(later["last_token_at"], shown["last_token_at"]);
}

#[tokio::test]
async fn a_list_of_apps_has_the_keys_and_the_last_token_of_each_that_one_may_know_of() {
    let (stage, replica, app) = Stage::with_app().await;
    let unknown: AppId = stage.env.new_id();
    let (_, deleted) = (replica.key(app).await, replica.key(app).await);
    replica.client("owner").delete(&format!("/v1/keys/{}?now=true", deleted.0)).await.expect(200);
    let path = "/v1/apps/activity";
    let asked = json!({ "ids": [unknown, app] });
    let items = async |who: &str| {
        replica.client(who).post(path, &asked).await.expect(200).json["items"].clone()
    };
    let brief = json!([{ "app_id": app, "live_keys": 1, "last_token_at": null, "consents": null }]);
    for who in ["owner", "developer", "auditor", "operator"] {
        assert_eq!(items(who).await, brief, "{who}");
    }
    assert_eq!(items("stranger").await, json!([]));

    let too_many: Vec<AppId> = (0..101).map(|_| stage.env.new_id()).collect();
    let refused = replica.client("owner").post(path, json!({ "ids": too_many })).await;
    refused.problem(422, "invalid-request");
    assert_eq!(refused.json["errors"][0]["code"], "too_many");
}

#[tokio::test]
async fn how_consents_stand_is_told_along_while_the_consent_broker_answers() {
    let (stage, replica, app) = Stage::with_app().await;
    replica.key(app).await;
    // Keys are told without it.
    let alone = activity(&replica, app).await;
    assert_eq!((&alone["keys"]["live"], &alone["consents"]), (&json!(1), &json!(null)));

    let counts = ConsentCounts {
        open_links: 2,
        live_grants: 10_000,
        more_grants: true,
        grants_ending_soon: 7,
    };
    let broker = stage.servers.connect(Service::ConsentBroker, &stage::shared(&stage.env)).await;
    broker
        .serve_rpc(move |_, question: CountConsents| {
            assert_eq!(question.app_id, app);
            std::future::ready(Ok(counts))
        })
        .await
        .unwrap();
    broker
        .serve_rpc(move |_, question: CountGrants| {
            let live = |app_id| LiveGrants { app_id, live_grants: 14, more_grants: false };
            let known = question.app_ids.iter().copied().filter(move |asked| *asked == app);
            std::future::ready(Ok(known.map(live).collect()))
        })
        .await
        .unwrap();
    assert_eq!(activity(&replica, app).await["consents"], json!(counts));

    let without_link = stage.registry.active_app().await;
    stage.until_known(without_link, "active").await;
    let asked = json!({ "ids": [app, without_link] });
    let brief = replica.client("owner").post("/v1/apps/activity", asked).await.expect(200).json;
    let consents: Vec<_> =
        brief["items"].as_array().unwrap().iter().map(|app| app["consents"].clone()).collect();
    let of = |live: i64| json!({ "live_grants": live, "more_grants": false });
    assert_eq!(consents, [of(14), of(0)]);
}

#[tokio::test]
async fn a_list_of_keys_says_how_many_there_are_on_all_its_pages() {
    let (_stage, replica, app) = Stage::with_app().await;
    for _ in 0..3 {
        replica.key(app).await;
    }
    let path = format!("{}?limit=2", keys_of(app));
    let first = replica.client("auditor").get(&path).await.expect(200);
    assert_eq!(first.json["items"].as_array().unwrap().len(), 2);
    assert!(first.headers["link"].to_str().unwrap().contains("rel=\"next\""));
    assert_eq!(
        first.json["counts"],
        json!({ "live": 3, "most": 5, "working": 3, "ending_soon": 0 })
    );
}

#[tokio::test]
async fn members_and_operators_see_it_and_a_draft_has_done_nothing() {
    let (stage, replica, app) = Stage::with_app().await;
    let get =
        async |who: &str, app| replica.client(who).get(&format!("/v1/apps/{app}/activity")).await;
    assert_eq!(get("nobody", app).await.status, 401);
    get("stranger", app).await.problem(404, "app-not-found");
    for who in ["owner", "developer", "auditor", "operator"] {
        get(who, app).await.expect(200);
    }
    get("owner", stage.env.new_id()).await.problem(404, "app-not-found");
    let method = contract::rpc::AuthenticationMethod::ClientCredentials;
    let draft = stage.registry.draft(method).await;
    assert_eq!(get("owner", draft).await.expect(200).json["keys"]["live"], 0);
}
