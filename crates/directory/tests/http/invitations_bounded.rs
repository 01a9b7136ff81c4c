//! How long invitations live, and how many there can be.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::stage::Stage;

#[tokio::test]
async fn an_invitation_expires_after_seven_days_and_its_address_is_forgotten() {
    let stage = Stage::set().await;
    let (owner, person) = (stage.person("owner").await, stage.person("person").await);
    let organization = owner.organization().await;
    let invited = stage.invite(&owner, &organization, "new@example.com").await;
    stage.clock.advance(TimeDelta::days(7) - TimeDelta::seconds(1));
    invited.lookup(&stage).await.expect(200);
    let sweep = || directory::sweep_invitations(&stage.resources, TimeDelta::days(30));
    let (_, events) = stage.events_of(sweep()).await;
    assert!(events.is_empty(), "{events:?}");
    stage.clock.advance(TimeDelta::seconds(1));
    invited.lookup(&stage).await.problem(410, "invitation-expired");
    invited.accept(&person).await.problem(410, "invitation-expired");
    owner.delete(&invited.path()).await.problem(410, "invitation-expired");
    let path = format!("{organization}/invitations");
    let listed = owner.get(&format!("{path}?state=expired")).await.expect(200).json;
    assert_eq!(listed["items"][0]["email"], "new@example.com");
    sweep().await.unwrap();
    sweep().await.unwrap();
    let recorded = stage.events().await;
    assert_eq!(recorded.iter().filter(|event| *event == "invitation.expired").count(), 1);

    stage.clock.advance(TimeDelta::days(31));
    sweep().await.unwrap();
    let listed = owner.get(&path).await.expect(200).json;
    assert_eq!(listed["items"][0]["email"], Value::Null);
    assert_eq!(listed["items"][0]["state"], "expired");
    stage.close().await;
}

#[tokio::test]
async fn whoever_is_invited_again_after_the_expiry_has_a_new_invitation() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    stage.invite(&owner, &organization, "new@example.com").await;
    let body = json!({ "email": "NEW@example.com", "role": "owner" });
    let path = format!("{organization}/invitations");
    owner.post(&path, &body).await.problem(409, "already-invited");
    stage.clock.advance(TimeDelta::days(7));
    let recorded = stage.events().await;
    // Whether or not the sweeper was there first.
    owner.post(&path, &body).await.expect(201);
    let new = stage.events().await.split_off(recorded.len());
    assert_eq!(new.last().map(String::as_str), Some("invitation.created"));
    let expired = stage.events().await.iter().filter(|e| *e == "invitation.expired").count();
    assert_eq!(expired, 1);
    stage.close().await;
}

#[tokio::test]
async fn sending_again_is_bounded_and_lengthens_the_time() {
    let stage = Stage::set().await;
    let (owner, person) = (stage.person("owner").await, stage.person("person").await);
    let organization = owner.organization().await;
    let first = stage.invite(&owner, &organization, "new@example.com").await;
    let send = format!("{}/send-again", first.path());
    stage.clock.advance(TimeDelta::days(6));
    let (again, events) = stage.events_of(owner.act(&send)).await;
    assert_eq!(again.expect(200).json["sendings"], 2);
    assert_eq!(events, ["invitation.sent-again"]);
    let second = stage.mailed(&first.id).await;
    owner.act(&send).await.expect(200);
    owner.act(&send).await.problem(409, "invitation-sent-too-often");
    let of_invitations = stage.mails().await;
    let of_invitations = of_invitations.iter().filter(|(template, _)| template == "invite_member");
    assert_eq!(of_invitations.count(), 3);
    // Past the first week the links of all mails are good, and the invitation is used once.
    stage.clock.advance(TimeDelta::days(6));
    first.lookup(&stage).await.expect(200);
    second.accept(&person).await.expect(200);
    first.accept(&owner).await.problem(409, "invitation-already-accepted");
    stage.close().await;
}

#[tokio::test]
async fn invitations_are_bounded_by_organization_and_by_person() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let mut invited = Vec::new();
    for organization in [owner.organization().await, owner.organization().await] {
        for number in 0..4 {
            let email = format!("new{number}@example.com");
            invited.push(stage.invite(&owner, &organization, &email).await);
        }
        let path = format!("{organization}/invitations");
        let body = json!({ "email": "fifth@example.com", "role": "auditor" });
        owner.post(&path, &body).await.problem(409, "too-many-open-invitations");
    }
    // Twelve mails a day: revoking does not give them back.
    let third = owner.organization().await;
    for number in 0..4 {
        let made = stage.invite(&owner, &third, &format!("new{number}@example.com")).await;
        owner.delete(&made.path()).await.expect(204);
    }
    let body = json!({ "email": "thirteenth@example.com", "role": "auditor" });
    let path = format!("{third}/invitations");
    owner.post(&path, &body).await.problem(409, "too-many-invitations");
    let send = format!("{}/send-again", invited[0].path());
    owner.act(&send).await.problem(409, "too-many-invitations");
    stage.operator.post(&path, &body).await.expect(201);
    stage.clock.advance(TimeDelta::days(1));
    owner.act(&send).await.expect(200);
    stage.close().await;
}
