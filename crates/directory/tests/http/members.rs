//! Rules 3 and 4.

use axum::http::Method;
use futures::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::stage::{Person, Stage};

#[tokio::test]
async fn owners_manage_members_and_others_do_not() {
    let stage = Stage::set().await;
    let (owner, developer) = (stage.person("owner").await, stage.person("developer").await);
    let members = format!("{}/members", owner.organization().await);
    let body = json!({"email": "DEVELOPER@example.com", "role": "developer"});

    let (answer, events) = stage.events_of(owner.post(&members, &body)).await;
    assert_eq!(answer.expect(201).json["email"], "developer@example.com");
    assert_eq!(events, ["membership.granted"]);
    owner.post(&members, &body).await.problem(409, "already-member");

    let (answer, events) = stage.events_of(developer.post(&members, &body)).await;
    answer.problem(403, "role-not-allowed");
    assert_eq!(events, ["access.refused"]);
    assert_eq!(
        developer.get(&members).await.expect(200).json["items"].as_array().unwrap().len(),
        2
    );

    let member = format!("{members}/{}", developer.id);
    developer.patch(&member, &json!({"role": "owner"})).await.expect(403);
    let (answer, events) = stage.events_of(owner.patch(&member, &json!({"role": "auditor"}))).await;
    assert_eq!(answer.expect(200).json["role"], "auditor");
    assert_eq!(events, ["membership.role-changed"]);
    let (_, events) = stage.events_of(owner.patch(&member, &json!({"role": "auditor"}))).await;
    assert_eq!(events.len(), 0);

    developer.delete(&format!("{members}/{}", owner.id)).await.expect(403);
    let (answer, events) = stage.events_of(developer.delete(&member)).await;
    answer.expect(204);
    assert_eq!(events, ["membership.removed"]);
    developer.get(&members).await.problem(404, "organization-not-found");
    owner.delete(&member).await.problem(404, "member-not-found");
    stage.close().await;
}

#[tokio::test]
async fn whose_role_was_taken_away_does_not_get_yesterdays_answer() {
    let stage = Stage::set().await;
    let (first, owner) = (stage.person("first").await, stage.person("owner").await);
    let members = format!("{}/members", first.organization().await);
    first.post(&members, &json!({"email": owner.email, "role": "owner"})).await.expect(201);

    let body = json!({"email": stage.person("new").await.email, "role": "auditor"});
    let add = || {
        let request = owner.request(Method::POST, &members).json(&body);
        request.header("idempotency-key", "k-1").send()
    };
    add().await.expect(201);
    assert_eq!(add().await.headers["idempotent-replayed"], "true");

    let member = format!("{members}/{}", owner.id);
    first.patch(&member, &json!({"role": "developer"})).await.expect(200);
    add().await.problem(403, "role-not-allowed");
    first.delete(&member).await.expect(204);
    add().await.problem(404, "organization-not-found");
    stage.close().await;
}

#[tokio::test]
async fn a_member_is_somebody_registered_named_once() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let members = format!("{}/members", owner.organization().await);
    for (body, field) in [
        (json!({"email": "nobody@example.com", "role": "developer"}), "email"),
        (json!({"role": "developer"}), "email"),
        (json!({"email": owner.email, "person_id": owner.id, "role": "developer"}), "email"),
        (
            json!({"person_id": "00000000-0000-7000-8000-000000000000", "role": "developer"}),
            "person_id",
        ),
        (json!({"email": owner.email, "role": "admin"}), "role"),
    ] {
        owner.post(&members, &body).await.refuses_fields(&[field]);
    }
    stage.close().await;
}

#[tokio::test]
async fn the_last_owner_can_neither_leave_nor_be_demoted() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let member = format!("{}/members/{}", owner.organization().await, owner.id);
    owner.delete(&member).await.problem(409, "last-owner");
    owner.patch(&member, &json!({"role": "auditor"})).await.problem(409, "last-owner");
    stage.operator.delete(&member).await.problem(409, "last-owner");
    stage.close().await;
}

#[tokio::test]
async fn of_all_owners_who_leave_at_once_one_stays() {
    let stage = Stage::set().await;
    let first = stage.person("owner-0").await;
    let organization = first.organization().await;
    let members = format!("{organization}/members");
    let mut owners = vec![first.clone()];
    for number in 1..6 {
        let owner = stage.person(&format!("owner-{number}")).await;
        first.post(&members, &json!({"email": owner.email, "role": "owner"})).await.expect(201);
        owners.push(owner);
    }
    let leaving = owners.iter().enumerate().map(async |(number, owner)| {
        let member = format!("{members}/{}", owner.id);
        if number % 2 == 0 {
            owner.delete(&member).await.status
        } else {
            owner.patch(&member, &json!({"role": "auditor"})).await.status
        }
    });
    let id: Uuid = organization.rsplit('/').next().unwrap().parse().unwrap();
    let mut statuses = stage.meeting("organizations", id, 6, join_all(leaving)).await;
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 1, "{statuses:?}");
    let left = stage.operator.get(&members).await.expect(200).json;
    let left = left["items"].as_array().unwrap().clone();
    assert_eq!(left.iter().filter(|member| member["role"] == "owner").count(), 1);
    stage.close().await;
}

#[tokio::test]
async fn the_database_keeps_an_owner_too() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    owner.organization().await;
    for statement in
        ["DELETE FROM directory.memberships", "UPDATE directory.memberships SET role = 'auditor'"]
    {
        let error = sqlx::query(statement).execute(&stage.resources.pool).await.unwrap_err();
        assert!(error.to_string().contains("would have no owner"), "{error}");
    }
    stage.close().await;
}

#[tokio::test]
async fn making_somebody_a_member_does_not_tell_what_they_are_called() {
    let stage = Stage::set().await;
    let (stranger, victim) = (stage.person("stranger").await, stage.person("victim").await);
    let organization = stranger.organization().await;
    let members = format!("{organization}/members");
    // Ids are in events; whose they are is not to be learned by them.
    let by_id = json!({"person_id": victim.id, "role": "auditor"});
    let nobody = json!({"person_id": "00000000-0000-7000-8000-000000000000", "role": "auditor"});
    let refused = stranger.post(&members, &by_id).await;
    refused.refuses_fields(&["person_id"]);
    assert_eq!(refused.json, stranger.post(&members, &nobody).await.json);
    // By an email that is known already.
    let by_email = json!({"email": victim.email, "role": "auditor"});
    let added = stranger.post(&members, &by_email).await.expect(201);
    assert_eq!(added.json["name"], json!(null));
    let listed = stranger.get(&members).await.expect(200).json;
    for member in listed["items"].as_array().unwrap() {
        let own = member["person_id"] == stranger.id.to_string();
        assert_eq!(member["name"], if own { json!("stranger") } else { json!(null) });
    }
    let path = format!("{members}/{}", victim.id);
    let changed = stranger.patch(&path, &json!({"role": "developer"})).await.expect(200);
    assert_eq!(changed.json["name"], json!(null));
    stranger.get(&format!("/v1/people/{}", victim.id)).await.problem(404, "person-not-found");
    // Nor does a second organization make strangers fellows.
    let second = format!("{}/members", stranger.organization().await);
    stranger.post(&second, &by_id).await.refuses_fields(&["person_id"]);
    // Fellows are called by their names, and so are those whom an operator adds.
    let fellow = stage.person("fellow").await;
    let add = json!({"person_id": fellow.id, "role": "developer"});
    assert_eq!(stage.operator.post(&members, &add).await.expect(201).json["name"], "fellow");
    assert_eq!(stranger.post(&second, &add).await.expect(201).json["name"], "fellow");
    stage.close().await;
}

#[tokio::test]
async fn giving_a_role_on_an_account_does_not_tell_what_a_stranger_is_called() {
    let stage = Stage::set().await;
    let (admin, victim) = (stage.person("admin").await, stage.person("victim").await);
    let new = json!({"name": "Shop", "kind": "advertiser", "service": "retail_media"});
    let account = stage.operator.post("/v1/accounts", new).await.expect(201).field("id");
    let role_of = |person: &Person| format!("/v1/accounts/{account}/roles/{}", person.id);
    let viewer = json!({"role": "viewer"});
    stage.operator.put(&role_of(&admin), json!({"role": "admin"})).await.expect(200);
    admin.put(&role_of(&victim), &viewer).await.problem(404, "person-not-found");
    stage.operator.put(&role_of(&victim), &viewer).await.expect(200);
    admin.put(&role_of(&victim), json!({"role": "analyst"})).await.expect(200);
    stage.close().await;
}
