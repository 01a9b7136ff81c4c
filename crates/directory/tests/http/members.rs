//! Rules 3 and 4.

use std::time::Duration;

use axum::http::Method;
use futures::future::{join, join_all};
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use crate::stage::Stage;

const DEADLINE: Duration = Duration::from_secs(30);

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
    first.post(&members, &json!({"person_id": owner.id, "role": "owner"})).await.expect(201);

    let body = json!({"person_id": stage.person("new").await.id, "role": "auditor"});
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

/// How many of this test's transactions wait for a lock.
async fn waiting(stage: &Stage) -> i64 {
    sqlx::query_scalar(
        "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
         WHERE NOT granted AND datname = current_database()",
    )
    .fetch_one(&stage.resources.pool)
    .await
    .unwrap()
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
        first.post(&members, &json!({"person_id": owner.id, "role": "owner"})).await.expect(201);
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
    // Holding the organization until all wait makes it certain that they meet.
    let id: Uuid = organization.rsplit('/').next().unwrap().parse().unwrap();
    let mut held = stage.resources.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM directory.organizations WHERE id = $1 FOR UPDATE")
        .bind(id)
        .execute(&mut *held)
        .await
        .unwrap();
    let release = async {
        while waiting(&stage).await < 6 {
            tokio::task::yield_now().await;
        }
        held.rollback().await.unwrap();
    };
    let meeting = async { join(join_all(leaving), release).await.0 };
    let mut statuses = timeout(DEADLINE, meeting).await.expect("all six come to wait");
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
