//! In which language a consent is shown and kept, and how an app looks before it is activated.

use axum::http::{Method, StatusCode};
use contract::rpc::{AccountRole, AppState, MemberRole};
use insta::assert_json_snapshot;
use serde_json::{Value, json};
use stage::{Answer, redacted};

use crate::people::Person;
use crate::stage::Stage;

async fn open(person: &Person, token: &str, query: &str, accept: &str) -> Answer {
    let request = person.request(Method::GET, &format!("/v1/consent-requests/{token}{query}"));
    request.header("accept-language", accept).send().await
}

async fn approve(person: &Person, token: &str, account: &Value, text: &Value) -> Answer {
    let path = format!("/v1/consent-requests/{token}/approve");
    person.post(&path, json!({ "accounts": [account], "text_sha256": text })).await
}

#[tokio::test]
async fn what_is_kept_of_a_consent_is_in_the_language_in_which_it_was_shown() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let mut texts = Vec::new();
    for (query, accept, language, title) in
        [("", "fr-CA", "fr", "Campagnes"), ("?lang=en", "fr", "en", "Campaigns")]
    {
        let account = json!(stage.account(&holder, AccountRole::Admin));
        let (_, token) = stage.link().await;
        let page = open(&holder, &token, query, accept).await.expect(200);
        assert_eq!(page.header("content-language"), language);
        assert_eq!(page.header("vary"), "accept-language");
        assert_eq!(page.json["language"], language);
        assert_eq!(page.json["domains"][0]["title"], title);
        let text = page.json["text_sha256"].clone();
        approve(&holder, &token, &account, &text).await.expect(200);
        let granted = stage.events_of("consent.granted").await.pop().unwrap();
        let query = "SELECT details FROM consent_broker.details WHERE event_id = $1";
        let kept: Vec<u8> =
            sqlx::query_scalar(query).bind(granted.id.uuid()).fetch_one(&stage.pool).await.unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        for words in ["language", "service", "domains", "duration", "how_to_end"] {
            assert_eq!(kept[words], page.json[words], "{words}");
        }
        texts.push(text);
    }
    assert_ne!(texts[0], texts[1], "which text it is depends on the language");

    let account = json!(stage.account(&holder, AccountRole::Admin));
    let (_, token) = stage.link().await;
    let another = json!("0".repeat(64));
    let refused = approve(&holder, &token, &account, &another).await;
    refused.problem(409, "consent-text-changed");
    open(&holder, &token, "?language=fr", "").await.refuses_fields(&["language"]);
}

#[tokio::test]
async fn a_draft_is_shown_to_its_organization_as_account_owners_will_see_it() {
    let stage = Stage::set().await;
    let path = format!("/v1/apps/{}/consent-preview", stage.app);
    let holder = stage.person("The admin");
    let (_, token) = stage.link().await;
    let page = holder.open(&token).await.json;
    stage.remote.app_state(stage.app, AppState::Draft);
    let preview = stage.developer.get(&path).await.expect(200);
    assert_json_snapshot!("consent_preview", redacted(&preview));
    for (name, shown) in preview.json.as_object().unwrap() {
        assert_eq!(*shown, page[name], "{name}");
    }
    let french = stage.developer.get(&format!("{path}?lang=fr")).await.expect(200);
    assert_eq!(french.header("content-language"), "fr");
    assert_eq!(french.json["domains"][0]["title"], "Campagnes");

    assert_eq!(stage.operator().get(&path).await.status, StatusCode::OK);
    assert_eq!(stage.member(MemberRole::Auditor).get(&path).await.status, StatusCode::OK);
    holder.get(&path).await.problem(404, "app-not-found");
    let unknown = stage.env().new_id::<contract::AppId>();
    let unknown = format!("/v1/apps/{unknown}/consent-preview");
    stage.developer.get(&unknown).await.problem(404, "app-not-found");
    stage.developer.get(&format!("{path}?x=1")).await.refuses_fields(&["x"]);

    stage.remote.change_app(stage.app, |app| app.domains.clear());
    stage.developer.get(&path).await.problem(409, "app-without-domains");
    stage.remote.change_app(stage.app, |app| app.service = None);
    stage.developer.get(&path).await.problem(409, "app-without-domains");
}
