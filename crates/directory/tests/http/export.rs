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
async fn mails_invitations_and_requests_are_told_to_whom_they_are_about_and_to_nobody_else() {
    let stage = Stage::set().await;
    let (owner, guest) = (stage.person("owner").await, stage.person("guest").await);
    let organization = owner.organization().await;
    let accepted = stage.invite(&owner, &organization, "guest.at.work@example.com").await;
    accepted.accept(&guest).await.expect(200);
    stage.invite(&owner, &organization, "else@example.com").await;
    let ask = json!({ "domain": "retail_media/billing:read", "reason": "Invoices Typed" });
    let asked = owner.post(&format!("{organization}/domain-requests"), ask).await.expect(201);
    let decline = format!("/v1/domain-requests/{}/decline", asked.field("id"));
    stage.operator.post(&decline, json!({ "reason": "Not yet" })).await.expect(200);
    let change = json!({ "current_password": PASSWORD, "new_password": "another battery staple" });
    guest.put("/v1/people/me/password", change).await.expect(204);

    let theirs = owner.get("/v1/people/me/export").await.expect(200);
    let export = &theirs.json;
    // By their ids, which are random.
    let sent = list(export, "invitations_sent");
    let mut states: Vec<_> = sent.iter().map(|sent| sent["state"].as_str().unwrap()).collect();
    states.sort_unstable();
    assert_eq!(states, ["accepted", "pending"]);
    assert!(sent.iter().all(|sent| sent["email"].is_null()), "{sent:?}");
    assert_eq!(list(export, "invitations_accepted").len(), 0);
    let request = &list(export, "domain_requests")[0];
    assert_eq!(
        (&request["reason"], &request["answer_reason"]),
        (&json!("Invoices Typed"), &json!("Not yet"))
    );
    let mail = &list(export, "mails")[0];
    assert_eq!((&mail["template"], &mail["language"]), (&json!("domain_answered"), &json!("en")));
    assert!(["waiting", "sent"].contains(&mail["state"].as_str().unwrap()), "{mail}");
    assert_eq!(list(export, "mails").len(), 1);
    let text = theirs.text();
    for beside in ["else@", "guest", "mandate_ml_"] {
        assert!(!text.contains(beside), "{beside}: {text}");
    }

    let theirs = guest.get("/v1/people/me/export").await.expect(200).json;
    let accepted = &list(&theirs, "invitations_accepted")[0];
    assert_eq!(accepted["email"], "guest.at.work@example.com");
    assert_eq!((&accepted["to"], &accepted["role"]), (&json!("organization"), &json!("developer")));
    let templates: Vec<_> =
        list(&theirs, "mails").iter().map(|mail| mail["template"].clone()).collect();
    assert_eq!(templates, ["password_changed"]);
    for name in ["invitations_sent", "domain_requests"] {
        assert_eq!(list(&theirs, name).len(), 0, "{name}");
    }
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
    sqlx::query(
        "INSERT INTO directory.mails (id, event_id, correlation_id, template, parameters, recipient, language,
                                      created_at, next_attempt_at, sent_at)
         SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'password_changed', '{}', $1, 'en',
                now(), now(), now() FROM generate_series(1, 1500)",
    )
    .bind(&owner.email)
    .execute(&stage.resources.pool)
    .await
    .unwrap();
    let mut mails = 0;
    let (mut memberships, mut tokens, mut answers) = (Vec::new(), 0, 0);
    let mut path = "/v1/people/me/export".to_owned();
    loop {
        let export = owner.get(&path).await.expect(200).json;
        answers += 1;
        tokens += list(&export, "api_tokens").len();
        mails += list(&export, "mails").len();
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
    assert_eq!((answers, tokens, mails), (3, 1, 1500));
    assert_eq!((memberships.len(), ids.len()), (2500, 2500));
    stage.close().await;
}
