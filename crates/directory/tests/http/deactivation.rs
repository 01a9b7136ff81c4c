//! People who are deactivated, and operators who are none any more.

use contract::rpc::{AccountRole, VisibleAccounts};
use futures::future::join;
use serde_json::json;
use service::CallContext;

use crate::stage::{PASSWORD, Person, Stage};

/// Another operator.
pub(crate) async fn second_operator(stage: &Stage) -> Person {
    let email = "second@example.com";
    let new = json!({"email": email, "name": "Second", "password": PASSWORD, "operator": true});
    let id = stage.operator.post("/v1/people", new).await.expect(201).field("id");
    let basic = stage.signing_in(email, PASSWORD);
    let made = basic.post("/v1/api-tokens", json!({"name": "test"})).await.expect(201);
    stage.known(id.parse().unwrap(), email, &made.field("token"))
}

fn path(person: &Person, operation: &str) -> String {
    format!("/v1/people/{}/{operation}", person.id)
}

#[tokio::test]
async fn whoever_is_deactivated_can_do_nothing_until_they_are_activated() {
    let stage = Stage::set().await;
    let person = stage.person("person").await;
    person.post("/v1/api-tokens", json!({"name": "second"})).await.expect(201);
    let deactivate = path(&person, "deactivate");
    let (answer, events) = stage.events_of(stage.operator.act(&deactivate)).await;
    assert!(answer.expect(200).json["deactivated_at"].is_string());
    assert_eq!(events, ["person.deactivated", "api-token.revoked", "api-token.revoked"]);

    person.get("/v1/people/me").await.problem(401, "invalid-token");
    let basic = stage.signing_in(&person.email, PASSWORD);
    let token = json!({"name": "anew"});
    basic.post("/v1/api-tokens", &token).await.problem(401, "sign-in-refused");
    stage.refused_sign_ins(1).await;
    let (answer, events) = stage.events_of(stage.operator.act(&deactivate)).await;
    answer.expect(200);
    assert!(events.is_empty(), "{events:?}");

    let activate = path(&person, "activate");
    let (answer, events) = stage.events_of(stage.operator.act(&activate)).await;
    assert_eq!(answer.expect(200).json["deactivated_at"], json!(null));
    assert_eq!(events, ["person.activated"]);
    person.get("/v1/people/me").await.problem(401, "invalid-token");
    basic.post("/v1/api-tokens", &token).await.expect(201);
    let (answer, events) = stage.events_of(stage.operator.act(&activate)).await;
    answer.expect(200);
    assert!(events.is_empty(), "{events:?}");
    stage.close().await;
}

#[tokio::test]
async fn only_operators_deactivate_and_strangers_are_told_nothing() {
    let stage = Stage::set().await;
    let (person, stranger) = (stage.person("person").await, stage.person("stranger").await);
    for operation in ["deactivate", "activate", "revoke-operator"] {
        let (answer, events) = stage.events_of(person.act(&path(&person, operation))).await;
        answer.problem(403, "role-not-allowed");
        assert_eq!(events, ["access.refused"]);
        let (answer, events) = stage.events_of(stranger.act(&path(&person, operation))).await;
        answer.problem(404, "person-not-found");
        assert!(events.is_empty(), "{events:?}");
    }
    stage.close().await;
}

#[tokio::test]
async fn the_right_of_an_operator_is_taken_away_at_once() {
    let stage = Stage::set().await;
    let second = second_operator(&stage).await;
    let person = stage.person("person").await;
    let seen = format!("/v1/people/{}", person.id);
    second.get(&seen).await.expect(200);
    let revoke = path(&second, "revoke-operator");
    let (answer, events) = stage.events_of(stage.operator.act(&revoke)).await;
    assert_eq!(answer.expect(200).json["operator"], json!(false));
    assert_eq!(events, ["person.operator-revoked"]);
    second.get(&seen).await.problem(404, "person-not-found");
    second.get("/v1/people/me").await.expect(200);
    let (answer, events) = stage.events_of(stage.operator.act(&revoke)).await;
    answer.expect(200);
    assert!(events.is_empty(), "{events:?}");
    stage.close().await;
}

#[tokio::test]
async fn an_installation_keeps_an_operator() {
    let stage = Stage::set().await;
    for operation in ["deactivate", "revoke-operator"] {
        let own = path(&stage.operator, operation);
        stage.operator.act(&own).await.problem(409, "last-operator");
    }
    let second = second_operator(&stage).await;
    stage.operator.act(&path(&second, "deactivate")).await.expect(200);
    // One who can do nothing is no other.
    let own = path(&stage.operator, "revoke-operator");
    stage.operator.act(&own).await.problem(409, "last-operator");
    let taken = sqlx::query("UPDATE directory.people SET operator = false");
    let error = taken.execute(&stage.resources.pool).await.unwrap_err();
    assert!(error.to_string().contains("there would be no operator"), "{error}");
    stage.close().await;
}

#[tokio::test]
async fn of_two_operators_who_end_each_others_right_at_once_one_stays() {
    let stage = Stage::set().await;
    let second = second_operator(&stage).await;
    let ending = join(
        async { stage.operator.act(&path(&second, "deactivate")).await.status.as_u16() },
        async { second.act(&path(&stage.operator, "revoke-operator")).await.status.as_u16() },
    );
    let (one, other) = ending.await;
    let mut statuses = [one, other];
    statuses.sort_unstable();
    // The other is refused as the last, or as one who can do nothing any more.
    assert!(statuses[0] == 200 && [401, 404, 409].contains(&statuses[1]), "{statuses:?}");
    let left: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM directory.people WHERE operator AND deactivated_at IS NULL",
    )
    .fetch_one(&stage.resources.pool)
    .await
    .unwrap();
    assert_eq!(left, 1);
    stage.close().await;
}

#[tokio::test]
async fn whoever_is_deactivated_is_not_named_as_one_who_may_consent() {
    let stage = Stage::set().await;
    let (admin, left) = (stage.person("admin").await, stage.person("left").await);
    let analyst = stage.person("analyst").await;
    let lines = "Shop,advertiser,retail_media,A-1,left@example.com,admin\n\
                 Shop,advertiser,retail_media,A-1,admin@example.com,admin\n\
                 Shop,advertiser,retail_media,A-1,analyst@example.com,analyst\n";
    stage.operator.import("", lines).await.expect(200);
    let named = async || {
        let asked = VisibleAccounts {
            person_id: analyst.id,
            service: "retail_media".into(),
            consent_roles: vec![AccountRole::Admin],
            q: None,
            after: None,
            limit: 1,
        };
        let context = CallContext::new(&stage.resources.env);
        let mut page = stage.resources.rpc.call(&context, &asked).await.unwrap();
        let account = page.accounts.remove(0);
        (account.consenters, account.more_consenters)
    };
    // Their roles are of one moment, in no order.
    let (mut both, more) = named().await;
    both.sort();
    let mut expected = vec![left.id, admin.id];
    expected.sort();
    assert_eq!((both, more), (expected, false));
    stage.operator.act(&path(&left, "deactivate")).await.expect(200);
    assert_eq!(named().await, (vec![admin.id], false));
    // Of very many who left, all before the one who did not, only some are looked at: then there may be more.
    sqlx::query(
        "WITH gone AS (
             INSERT INTO directory.people (id, email, name, operator, version, created_at, deactivated_at)
             SELECT gen_random_uuid(), n || '@gone.example', 'Gone', false, 1, now(), now()
             FROM generate_series(1, 1000) AS n RETURNING id, split_part(email, '@', 1) AS number
         ) INSERT INTO directory.account_roles (id, account_id, person_id, role, version, created_at)
         SELECT ('00000000-0000-7000-8000-' || lpad(number, 12, '0'))::uuid, account.id, gone.id, 'admin', 1, now()
         FROM gone CROSS JOIN directory.accounts AS account",
    )
    .execute(&stage.resources.pool)
    .await
    .unwrap();
    assert_eq!(named().await, (vec![], true));
    stage.close().await;
}
