//! One's own data.

use serde_json::{Value, json};

use crate::sessions::session;
use crate::stage::{PASSWORD, Stage};

fn list<'v>(export: &'v Value, name: &str) -> &'v Vec<Value> {
    export[name].as_array().unwrap()
}

#[tokio::test]
async fn a_person_gets_all_that_is_held_on_them_and_nothing_of_others() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.person("owner").await, stage.person("other").await);
    owner.organization().await;
    other.organization().await;
    let lines = "Shop,advertiser,retail_media,A-1,owner@example.com,admin\n\
                 Else,advertiser,retail_media,A-2,other@example.com,admin\n";
    stage.operator.import("", lines).await.expect(200);
    let (ended, client) = session(&stage, &owner).await;
    client.delete(&format!("/v1/sessions/{}", ended["id"].as_str().unwrap())).await.expect(204);
    let (_, client) = session(&stage, &owner).await;
    session(&stage, &other).await;

    let answer = client.get("/v1/people/me/export").await.expect(200);
    let export = &answer.json;
    assert_eq!(export["person"]["email"], json!(owner.email));
    assert_eq!(list(export, "memberships")[0]["organization_name"], "Example Apps");
    assert_eq!(list(export, "account_roles")[0]["account_name"], "Shop");
    assert_eq!(list(export, "sessions").len(), 2);
    assert!(list(export, "sessions")[0]["ended_at"].is_string());
    assert_eq!(list(export, "api_tokens")[0]["name"], "test");
    for name in ["memberships", "account_roles", "organizations_made", "api_tokens", "networks"] {
        assert_eq!(list(export, name).len(), 1, "{name}");
    }
    assert_eq!(export["next_cursor"], Value::Null);
    let text = answer.text();
    for beside in ["Else", "other@", "argon2", "mandate_", PASSWORD] {
        assert!(!text.contains(beside), "{beside}: {text}");
    }
    stage.anonymous().get("/v1/people/me/export").await.problem(401, "unauthenticated");
    client.get("/v1/people/me/export?cursor=eA").await.refuses_fields(&["cursor"]);
    stage.close().await;
}

#[tokio::test]
async fn who_has_very_much_gets_it_in_portions() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    sqlx::query(
        "WITH made AS (
             INSERT INTO directory.organizations
                 (id, name, kind, contact_email, country, version, created_at)
             SELECT gen_random_uuid(), 'Many', 'other', 'many@example.com', 'FR', 1, now()
             FROM generate_series(1, 2500) RETURNING id
         ) INSERT INTO directory.memberships (id, organization_id, person_id, role, version, created_at)
         SELECT gen_random_uuid(), id, $1, 'auditor', 1, now() FROM made",
    )
    .bind(owner.id.uuid())
    .execute(&stage.resources.pool)
    .await
    .unwrap();
    let (mut memberships, mut tokens, mut answers) = (Vec::new(), 0, 0);
    let mut path = "/v1/people/me/export".to_owned();
    loop {
        let export = owner.get(&path).await.expect(200).json;
        answers += 1;
        tokens += list(&export, "api_tokens").len();
        memberships.extend(list(&export, "memberships").clone());
        match &export["next_cursor"] {
            Value::String(next) => path = format!("/v1/people/me/export?cursor={next}"),
            _ => break,
        }
    }
    let mut ids: Vec<_> =
        memberships.iter().map(|held| held["organization_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((answers, tokens, memberships.len(), ids.len()), (3, 1, 2500, 2500));
    stage.close().await;
}
