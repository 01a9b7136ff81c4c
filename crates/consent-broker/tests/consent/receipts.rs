//! Receipts: what was consented to, for both sides, at any time.

use chrono::Duration;
use consent_broker::grant_expiry::sweep;
use contract::GrantId;
use contract::rpc::{AccountRole, EventPlace, MemberRole};
use serde_json::{Value, json};

use crate::stage::Stage;

fn receipt_of(grant: &str) -> String {
    format!("/v1/grants/{grant}/receipt")
}

fn kinds(receipt: &Value) -> Vec<&str> {
    let events = receipt["events"].as_array().unwrap();
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_receipt_says_who_what_in_which_words_until_when_and_where_it_is_recorded() {
    let stage = Stage::set().await;
    let (admin, viewer) = (stage.person("The admin"), stage.person("The viewer"));
    let account = stage.account(&admin, AccountRole::Admin);
    stage.remote.role(account, viewer.id, Some(AccountRole::Viewer));
    let (_, token) = stage.link().await;
    let page = admin.open(&token).await.expect(200).json;
    let approved = admin.approve(&token, &[account]).await.expect(200).json;
    let grant = approved["granted"][0]["grant_id"].as_str().unwrap();
    let [event] = stage.events_of("consent.granted").await.try_into().unwrap();
    let place = EventPlace { event_id: event.id, position: Some(7), recorded_at: Some(event.time) };
    stage.remote.known().places.insert(event.id, place);

    let receipt = viewer.get(&receipt_of(grant)).await.expect(200).json;
    assert_eq!(
        (&receipt["record_id"], &receipt["schema"]),
        (&json!(grant), &json!("ISO/IEC TS 27560:2023"))
    );
    let parties = &receipt["parties"];
    assert_eq!(parties["organization"]["name"], page["organization"]["name"]);
    assert_eq!(parties["organization"]["contact_email"], "apps@example.com");
    assert_eq!(parties["app"]["name"], "Shelf Optimizer");
    assert_eq!(parties["account"]["name"], "Corner Shop");
    assert_eq!(parties["granted_by"]["name"], "The admin");
    let shown = &receipt["purposes"]["shown"];
    for words in ["service", "domains", "duration", "how_to_end"] {
        assert_eq!(shown[words], page[words], "{words}");
    }
    assert_eq!((&shown["language"], &shown["app_name"]), (&json!("en"), &page["app"]["name"]));
    assert_eq!(receipt["purposes"]["text_sha256"], page["text_sha256"]);
    assert_eq!(receipt["state"]["name"], "live");
    assert_eq!(receipt["state"]["expires_at"], "2026-06-15T15:06:40Z");
    assert_eq!(kinds(&receipt), ["mandate.consent.granted.v1"]);
    assert_eq!(
        (&receipt["events"][0]["id"], &receipt["events"][0]["position"]),
        (&json!(event.id), &json!(7))
    );
    assert_eq!(receipt["events_left_out"], 0);
}

#[tokio::test]
async fn both_sides_have_it_at_any_time_and_only_account_holders_are_told_by_whom() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let accounts = [(); 2].map(|()| stage.account(&admin, AccountRole::Admin));
    let [grant, revoked] = stage.granted(&admin, &accounts).await.try_into().unwrap();
    stage.clock.advance(Duration::days(100));
    admin.act(&format!("/v1/grants/{grant}/renew")).await.expect(200);
    admin.delete(&format!("/v1/grants/{revoked}")).await.expect(204);
    stage.clock.advance(Duration::days(365));
    sweep(&stage.resources).await.unwrap();

    let auditor = stage.member(MemberRole::Auditor);
    for (person, told) in [(&admin, true), (&auditor, false), (&stage.operator(), true)] {
        let receipt = person.get(&receipt_of(&grant)).await.expect(200).json;
        assert_eq!(receipt["state"]["name"], "expired");
        assert_eq!(receipt["state"]["ended_at"], "2026-09-23T15:06:40Z");
        for who in ["granted_by", "renewed_by"] {
            let name = if told { json!("The admin") } else { json!(null) };
            assert_eq!(receipt["parties"][who]["name"], name);
        }
        assert_eq!(
            kinds(&receipt),
            [
                "mandate.consent.granted.v1",
                "mandate.consent.renewed.v1",
                "mandate.consent.expired.v1"
            ]
        );
        assert_eq!(receipt["events"][0]["position"], json!(null), "it is not recorded yet");
        let receipt = person.get(&receipt_of(&revoked)).await.expect(200).json;
        assert_eq!(receipt["state"]["name"], "revoked");
        assert!(receipt["purposes"]["shown"]["duration"].is_string());
    }
    let stranger = stage.person("A stranger");
    stranger.get(&receipt_of(&grant)).await.problem(404, "grant-not-found");
    let unknown: GrantId = stage.env().new_id();
    admin.get(&receipt_of(&unknown.to_string())).await.problem(404, "grant-not-found");
}

#[tokio::test]
async fn a_consent_of_before_has_the_words_beside_its_event_as_long_as_they_are_there() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    let before = "ALTER TABLE consent_broker.grants DISABLE TRIGGER ends_once;
                  UPDATE consent_broker.grants SET text_sha256 = NULL;
                  ALTER TABLE consent_broker.grants ENABLE TRIGGER ends_once";
    sqlx::raw_sql(before).execute(&stage.pool).await.unwrap();
    let receipt = admin.get(&receipt_of(&grant)).await.expect(200).json;
    assert_eq!(receipt["purposes"]["shown"]["app_name"], "Shelf Optimizer");
    assert_eq!(receipt["purposes"]["text_sha256"], json!(null));
    sqlx::query("DELETE FROM consent_broker.details").execute(&stage.pool).await.unwrap();
    let receipt = admin.get(&receipt_of(&grant)).await.expect(200).json;
    assert_eq!(receipt["purposes"]["shown"], json!(null));
    assert_eq!(receipt["purposes"]["domains"][0]["domain"], "campaigns");
}

#[tokio::test]
async fn words_that_were_erased_are_shown_to_nobody_and_others_cannot_be_put_in_their_place() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    let forged =
        sqlx::query("UPDATE consent_broker.shown_texts SET text = replace(text, 'Shelf', 'Self')");
    assert!(forged.execute(&stage.pool).await.is_err());
    let erased = sqlx::query("UPDATE consent_broker.shown_texts SET text = NULL");
    erased.execute(&stage.pool).await.unwrap();
    let receipt = admin.get(&receipt_of(&grant)).await.expect(200).json;
    assert_eq!(receipt["purposes"]["shown"], json!(null));
    assert!(receipt["purposes"]["text_sha256"].is_string());
}

#[tokio::test]
async fn a_receipt_of_very_much_names_the_first_and_the_last_of_it() {
    let stage = Stage::set().await;
    let admin = stage.person("The admin");
    let account = stage.account(&admin, AccountRole::Admin);
    let [grant] = stage.granted(&admin, &[account]).await.try_into().unwrap();
    for _ in 0..105 {
        stage.clock.advance(Duration::hours(1));
        admin.act(&format!("/v1/grants/{grant}/renew")).await.expect(200);
    }
    let receipt = admin.get(&receipt_of(&grant)).await.expect(200).json;
    let events = receipt["events"].as_array().unwrap();
    assert_eq!((events.len(), &receipt["events_left_out"]), (100, &json!(6)));
    assert_eq!((&events[0]["version"], &events[99]["version"]), (&json!(1), &json!(106)));
}
