//! Rules 3 and 4.

use axum::http::Method;
use futures::future::join_all;
use serde_json::json;
use uuid::Uuid;

use crate::stage::{Person, Stage};

#[tokio::test]
async fn owners_manage_members_and_only_operators_add_them_unasked() {
    let stage = Stage::set().await;
    let (owner, developer) = (stage.person("owner").await, stage.person("developer").await);
    let members = format!("{}/members", owner.organization().await);
    let body = json!({"email": "DEVELOPER@example.com", "role": "developer"});

    let (answer, events) = stage.events_of(owner.post(&members, &body)).await;
    answer.problem(403, "role-not-allowed");
    assert_eq!(events, ["access.refused"]);
    let (answer, events) = stage.events_of(stage.operator.post(&members, &body)).await;
    assert_eq!(answer.expect(201).json["email"], "developer@example.com");
    assert_eq!(events, ["membership.granted"]);
    stage.operator.post(&members, &body).await.problem(409, "already-member");

    developer.post(&members, &body).await.problem(403, "role-not-allowed");
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
    let (again, events) = stage.events_of(owner.delete(&member)).await;
    again.expect(204);
    assert!(events.is_empty(), "{events:?}");
    stage.close().await;
}

#[tokio::test]
async fn each_sees_what_they_may_do_in_an_organization_and_may_do_just_that() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    for role in ["owner", "developer", "auditor"] {
        let member = stage.person(&format!("{role}-2")).await;
        let body = json!({"email": member.email, "role": role});
        stage.operator.post(&format!("{organization}/members"), &body).await.expect(201);
        let me = member.get("/v1/people/me").await.expect(200).json;
        let allowed = &me["memberships"][0]["allowed"];
        let may = |operation| allowed.as_array().unwrap().contains(&json!(operation));
        let edited = member.patch(&organization, &json!({"description": role})).await;
        assert_eq!(edited.status == 200, may("edit"), "{role}");
        let body = json!({"email": format!("{role}@new.example"), "role": "auditor"});
        let invited = member.post(&format!("{organization}/invitations"), &body).await;
        assert_eq!(invited.status == 201, may("invite"), "{role}");
        let body = json!({"domain": "retail_media/billing:read", "reason": "For invoices."});
        let asked = member.post(&format!("{organization}/domain-requests"), &body).await;
        assert_eq!(asked.status != 403, may("request_domain"), "{role}");
    }
    stage.close().await;
}

#[tokio::test]
async fn whose_role_was_taken_away_does_not_get_yesterdays_answer() {
    let stage = Stage::set().await;
    let (first, owner) = (stage.person("first").await, stage.person("owner").await);
    let members = format!("{}/members", first.organization().await);
    let member = json!({"email": owner.email, "role": "owner"});
    stage.operator.post(&members, &member).await.expect(201);

    let invitations = members.replace("/members", "/invitations");
    let body = json!({"email": "new@example.com", "role": "auditor"});
    let invite = || {
        let request = owner.request(Method::POST, &invitations).json(&body);
        request.header("idempotency-key", "k-1").send()
    };
    invite().await.expect(201);
    assert_eq!(invite().await.headers["idempotent-replayed"], "true");

    let member = format!("{members}/{}", owner.id);
    first.patch(&member, &json!({"role": "developer"})).await.expect(200);
    invite().await.problem(403, "role-not-allowed");
    first.delete(&member).await.expect(204);
    invite().await.problem(404, "organization-not-found");
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
        stage.operator.post(&members, &body).await.refuses_fields(&[field]);
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
        let member = json!({"email": owner.email, "role": "owner"});
        stage.operator.post(&members, &member).await.expect(201);
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
async fn whoever_was_made_a_member_unasked_by_strangers_is_not_called_by_name() {
    let stage = Stage::set().await;
    let (stranger, victim) = (stage.person("stranger").await, stage.person("victim").await);
    let members = format!("{}/members", stranger.organization().await);
    let member = json!({"person_id": victim.id, "role": "auditor"});
    let added = stage.operator.post(&members, &member).await.expect(201);
    assert_eq!(added.json["name"], "victim");
    // As an earlier version let any owner do it.
    sqlx::query("UPDATE directory.memberships SET shows_name = false WHERE person_id = $1")
        .bind(victim.id.uuid())
        .execute(&stage.resources.pool)
        .await
        .unwrap();
    let listed = stranger.get(&members).await.expect(200).json;
    for member in listed["items"].as_array().unwrap() {
        let own = member["person_id"] == stranger.id.to_string();
        assert_eq!(member["name"], if own { json!("stranger") } else { json!(null) });
    }
    let path = format!("{members}/{}", victim.id);
    let changed = stranger.patch(&path, &json!({"role": "developer"})).await.expect(200);
    assert_eq!(changed.json["name"], json!(null));
    stranger.get(&format!("/v1/people/{}", victim.id)).await.problem(404, "person-not-found");
    stage.close().await;
}

#[tokio::test]
async fn an_admin_changes_roles_on_an_account_and_gives_none_to_who_holds_none() {
    let stage = Stage::set().await;
    let (admin, victim) = (stage.person("admin").await, stage.person("victim").await);
    let new = json!({"name": "Shop", "kind": "advertiser", "service": "retail_media"});
    let account = stage.operator.post("/v1/accounts", new).await.expect(201).field("id");
    let role_of = |person: &Person| format!("/v1/accounts/{account}/roles/{}", person.id);
    let viewer = json!({"role": "viewer"});
    stage.operator.put(&role_of(&admin), json!({"role": "admin"})).await.expect(200);
    // The same for somebody as for nobody.
    let (refused, events) = stage.events_of(admin.put(&role_of(&victim), &viewer)).await;
    refused.problem(404, "account-role-not-found");
    assert!(events.is_empty(), "{events:?}");
    let nobody = format!("/v1/accounts/{account}/roles/00000000-0000-7000-8000-000000000000");
    admin.put(&nobody, &viewer).await.problem(404, "account-role-not-found");
    stage.operator.put(&nobody, &viewer).await.problem(404, "person-not-found");
    stage.operator.put(&role_of(&victim), &viewer).await.expect(200);
    admin.put(&role_of(&victim), json!({"role": "analyst"})).await.expect(200);
    stage.close().await;
}
