//! Rule 3: nobody becomes a member, or gets a role on an account, unasked.

use contract::facts::{AccessRefused, RefusedBecause};
use contract::{Envelope, PersonId};
use serde_json::{Value, json};
use stage::Answer;

use crate::invited::newcomer;
use crate::stage::{PASSWORD, Person, Stage};

#[tokio::test]
async fn whoever_is_invited_becomes_a_member_by_accepting_and_shows_their_name() {
    let stage = Stage::set().await;
    let (owner, developer) = (stage.person("owner").await, stage.person("developer").await);
    let organization = owner.organization().await;
    let body = json!({ "email": "Work.Address@example.com", "role": "developer" });
    let path = format!("{organization}/invitations");
    let (made, events) = stage.events_of(owner.post(&path, &body)).await;
    assert_eq!(events, ["invitation.created"]);
    let made = made.expect(201);
    assert_eq!((&made.json["state"], &made.json["language"]), (&json!("pending"), &json!("en")));
    let asked = stage.mails().await;
    assert!(
        asked.contains(&("invite_member".into(), "work.address@example.com".into())),
        "{asked:?}"
    );

    let invited = stage.mailed(&made.field("id")).await;
    let shown = invited.lookup(&stage).await.expect(200).json;
    assert_eq!((&shown["name"], &shown["role"]), (&json!("Example Apps"), &json!("developer")));
    assert_eq!((&shown["invited_by"], &shown["registered"]), (&json!("owner"), &json!(false)));

    // Whatever their own email: who has the token reads the mail.
    let (accepted, events) = stage.events_of(invited.accept(&developer)).await;
    let accepted = accepted.expect(200);
    assert_eq!(accepted.json["person_id"], developer.id.to_string());
    assert_eq!(accepted.json["registered"], false);
    assert_eq!(events, ["invitation.accepted", "membership.granted"]);
    let members = owner.get(&format!("{organization}/members")).await.expect(200).json;
    let mut names = members["items"].as_array().unwrap().iter().map(|member| &member["name"]);
    assert!(names.any(|name| name == "developer"), "{members}");
    let listed = developer.get(&path).await.expect(200).json;
    assert_eq!(listed["items"][0]["state"], "accepted");
    assert_eq!(listed["items"][0]["accepted_by"], developer.id.to_string());
    let pending = owner.get(&format!("{path}?state=pending")).await.expect(200).json;
    assert_eq!(pending["items"], json!([]));
    stage.close().await;
}

#[tokio::test]
async fn whoever_is_new_is_registered_with_the_email_of_the_invitation() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let invited = stage.invite(&owner, &organization, "new@example.com").await;
    let wrong = json!({ "name": " ", "password": "short" });
    let refused = invited.accept_as(&stage, wrong).await;
    refused.refuses_fields(&["person.name", "person.password"]);
    let (accepted, events) = stage.events_of(invited.accept_as(&stage, newcomer())).await;
    let accepted = accepted.expect(200);
    assert_eq!(accepted.json["registered"], true);
    assert_eq!(accepted.headers["cache-control"], "no-store");
    assert_eq!(
        events,
        ["person.registered", "invitation.accepted", "membership.granted", "session.created"]
    );
    let session = accepted.json["session"]["token"].as_str().unwrap();
    let in_session = stage.anonymous().with_token(session);
    in_session.get("/v1/people/me").await.expect(200);
    let token = stage.signing_in("new@example.com", PASSWORD);
    let token = token.post("/v1/api-tokens", json!({ "name": "first" })).await.expect(201);
    let id: PersonId = accepted.field("person_id").parse().unwrap();
    let person = stage.known(id, "new@example.com", &token.field("token"));
    let me = person.get("/v1/people/me").await.expect(200).json;
    assert_eq!((&me["name"], &me["email"]), (&json!("Newcomer"), &json!("new@example.com")));
    assert_eq!(me["memberships"][0]["role"], "developer");
    // What somebody is belongs to nobody; what they are in an organization, to it.
    let recorded: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT envelope FROM directory.events ORDER BY seq DESC LIMIT 6")
            .fetch_all(&stage.resources.pool)
            .await
            .unwrap();
    for envelope in recorded.iter().map(|bytes| Envelope::parse(bytes).unwrap()) {
        let (aggregate, _) = envelope.stream().unwrap();
        let of_organization = ["invitation", "membership"].contains(&aggregate);
        assert_eq!(envelope.organization.is_some(), of_organization, "{envelope:?}");
    }
    stage.close().await;
}

#[tokio::test]
async fn whose_email_is_known_signs_in_first() {
    let stage = Stage::set().await;
    let (owner, known) = (stage.person("owner").await, stage.person("known").await);
    let organization = owner.organization().await;
    let invited = stage.invite(&owner, &organization, &known.email).await;
    assert_eq!(invited.lookup(&stage).await.expect(200).json["registered"], true);
    let (refused, events) = stage.events_of(invited.accept_as(&stage, newcomer())).await;
    refused.problem(401, "sign-in-required");
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
    assert!(events.is_empty(), "{events:?}");
    let saying_nothing = invited.accept(&stage.anonymous()).await;
    assert_eq!(saying_nothing.json, refused.json);
    // Credentials that prove nothing are not taken for none.
    let wrong = stage.anonymous().with_token(&format!("mandate_pat_{}", "A".repeat(43)));
    invited.accept(&wrong).await.problem(401, "invalid-token");
    let both = json!({ "token": invited.token, "person": newcomer() });
    known.post("/v1/invitations/accept", both).await.refuses_fields(&["person"]);
    invited.accept(&known).await.expect(200);
    stage.close().await;
}

#[tokio::test]
async fn inviting_answers_alike_whoever_the_email_is() {
    let stage = Stage::set().await;
    let (owner, known) = (stage.person("owner").await, stage.person("known").await);
    let organization = owner.organization().await;
    let path = format!("{organization}/invitations");
    let mut answers = Vec::new();
    for email in ["nobody@example.com", &known.email, &owner.email] {
        let body = json!({ "email": email, "role": "auditor" });
        let (answer, events) = stage.events_of(owner.post(&path, &body)).await;
        let mut answer = answer.expect(201).json;
        assert_eq!(answer["email"], email);
        for own in ["id", "email"] {
            answer[own] = Value::Null;
        }
        answers.push((answer, events));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    // A member who is invited stays what they are, and the invitation as it is.
    let ids: Vec<String> = owner.get(&path).await.expect(200).ids();
    let invited = stage.mailed(&ids[2]).await;
    invited.accept(&owner).await.problem(409, "already-member");
    assert_eq!(invited.lookup(&stage).await.expect(200).json["role"], "auditor");
    stage.close().await;
}

#[tokio::test]
async fn owners_invite_and_others_do_not() {
    let stage = Stage::set().await;
    let (owner, stranger) = (stage.person("owner").await, stage.person("stranger").await);
    let developer = stage.person("developer").await;
    let organization = owner.organization().await;
    let invited = stage.invite(&owner, &organization, &developer.email).await;
    let path = format!("{organization}/invitations");
    let body = json!({ "email": "x@example.com", "role": "owner" });
    for attempt in [
        stranger.post(&path, &body).await,
        stranger.get(&path).await,
        stranger.delete(&invited.path()).await,
        stranger.act(&format!("{}/send-again", invited.path())).await,
    ] {
        assert_eq!(attempt.status, 404, "{}", attempt.text());
    }
    invited.accept(&developer).await.expect(200);
    let invited = stage.invite(&owner, &organization, "y@example.com").await;
    for attempt in ["post", "delete", "send-again"] {
        let (answer, events) = stage
            .events_of(async {
                match attempt {
                    "post" => developer.post(&path, &body).await,
                    "delete" => developer.delete(&invited.path()).await,
                    _ => developer.act(&format!("{}/send-again", invited.path())).await,
                }
            })
            .await;
        answer.problem(403, "role-not-allowed");
        assert!(events.iter().all(|event| event == "access.refused"), "{events:?}");
    }
    developer.get(&path).await.expect(200);
    for wrong in [json!({ "email": "x", "role": "owner" }), json!({ "email": "", "role": "owner" })]
    {
        owner.post(&path, wrong).await.refuses_fields(&["email"]);
    }
    stage.close().await;
}

#[tokio::test]
async fn a_revoked_invitation_is_dead() {
    let stage = Stage::set().await;
    let (owner, person) = (stage.person("owner").await, stage.person("person").await);
    let organization = owner.organization().await;
    let invited = stage.invite(&owner, &organization, "new@example.com").await;
    let (answer, events) = stage.events_of(owner.delete(&invited.path())).await;
    answer.expect(204);
    assert_eq!(events, ["invitation.revoked"]);
    let (again, events) = stage.events_of(owner.delete(&invited.path())).await;
    assert_eq!((again.expect(204).status.as_u16(), events.len()), (204, 0));
    invited.lookup(&stage).await.problem(410, "invitation-revoked");
    invited.accept(&person).await.problem(410, "invitation-revoked");
    invited.accept_as(&stage, newcomer()).await.problem(410, "invitation-revoked");
    let send = format!("{}/send-again", invited.path());
    owner.act(&send).await.problem(410, "invitation-revoked");
    // They can be invited anew, whose invitation is another.
    let anew = stage.invite(&owner, &organization, "new@example.com").await;
    invited.accept(&person).await.problem(410, "invitation-revoked");
    anew.accept(&person).await.expect(200);
    owner.delete(&anew.path()).await.problem(409, "invitation-already-accepted");
    owner.act(&format!("{}/send-again", anew.path())).await.expect(409);
    stage.close().await;
}

#[tokio::test]
async fn a_second_use_is_recorded_whoever_tries() {
    let stage = Stage::set().await;
    let (owner, person) = (stage.person("owner").await, stage.person("person").await);
    let other = stage.person("other").await;
    let organization = owner.organization().await;
    let invited = stage.invite(&owner, &organization, &person.email).await;
    invited.accept(&person).await.expect(200);
    let used = |answer: Answer| answer.problem(409, "invitation-already-accepted");
    used(invited.accept(&other).await);
    used(invited.accept(&stage.anonymous()).await);
    used(invited.accept_as(&stage, newcomer()).await);
    used(invited.lookup(&stage).await);
    let refused = stage::eventually("the refusals", async || {
        let found: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT envelope FROM directory.events WHERE type = 'mandate.access.refused.v1' ORDER BY seq",
        )
        .fetch_all(&stage.resources.pool)
        .await
        .unwrap();
        if found.len() >= 2 { Ok(found) } else { Err(found.len().to_string()) }
    })
    .await;
    for envelope in refused {
        let fact: AccessRefused = Envelope::parse(&envelope).unwrap().fact().unwrap();
        assert_eq!(fact.reason, RefusedBecause::LinkAlreadyUsed);
        assert_eq!(fact.target, format!("invitation/{}", invited.id));
    }
    stage.close().await;
}

#[tokio::test]
async fn an_admin_invites_to_an_account_and_the_role_comes_by_accepting() {
    let stage = Stage::set().await;
    let (admin, analyst) = (stage.person("admin").await, stage.person("analyst").await);
    let viewer = stage.person("viewer").await;
    let new = json!({ "name": "Shop", "kind": "advertiser", "service": "retail_media" });
    let account = stage.operator.post("/v1/accounts", new).await.expect(201).field("id");
    let account = format!("/v1/accounts/{account}");
    let role_of = |person: &Person| format!("{account}/roles/{}", person.id);
    stage.operator.put(&role_of(&admin), json!({ "role": "admin" })).await.expect(200);
    stage.operator.put(&role_of(&viewer), json!({ "role": "viewer" })).await.expect(200);

    let path = format!("{account}/invitations");
    let body = json!({ "email": "analyst@work.example", "role": "analyst", "language": "fr" });
    viewer.post(&path, &body).await.problem(403, "role-not-allowed");
    analyst.post(&path, &body).await.problem(404, "account-not-found");
    let (made, events) = stage.events_of(admin.post(&path, &body)).await;
    assert_eq!(events, ["invitation.created"]);
    let invited = stage.mailed(&made.expect(201).field("id")).await;
    viewer.get(&path).await.problem(403, "role-not-allowed");
    assert_eq!(admin.get(&path).await.expect(200).json["items"][0]["language"], "fr");
    let shown = invited.lookup(&stage).await.expect(200).json;
    assert_eq!((&shown["name"], &shown["service"]), (&json!("Shop"), &json!("retail_media")));
    invited.accept(&viewer).await.problem(409, "account-role-held");
    let (accepted, events) = stage.events_of(invited.accept(&analyst)).await;
    assert_eq!(accepted.expect(200).json["role"], "analyst");
    assert_eq!(events, ["invitation.accepted", "account-role.granted"]);
    let read = analyst.get(&account).await.expect(200).json;
    assert_eq!(read["role"], "analyst");
    admin.delete(&invited.path()).await.problem(409, "invitation-already-accepted");
    stage.close().await;
}

#[tokio::test]
async fn no_token_but_that_of_a_mail_is_an_invitations() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    for token in ["", "x", "mandate_ml_", &format!("mandate_ml_{}", "A".repeat(43))] {
        let body = json!({ "token": token });
        let anonymous = stage.anonymous();
        let looked = anonymous.post("/v1/invitations/lookup", &body).await;
        looked.problem(404, "invitation-not-found");
        let accepted = owner.post("/v1/invitations/accept", &body).await;
        accepted.problem(404, "invitation-not-found");
        let as_new = json!({ "token": token, "person": newcomer() });
        let accepted = anonymous.post("/v1/invitations/accept", as_new).await;
        assert_eq!(accepted.json, looked.json);
    }
    stage.close().await;
}

#[tokio::test]
async fn the_database_accepts_an_invitation_once_too() {
    let stage = Stage::set().await;
    let (owner, person) = (stage.person("owner").await, stage.person("person").await);
    let organization = owner.organization().await;
    let invited = stage.invite(&owner, &organization, &person.email).await;
    for statement in [
        "UPDATE directory.invitations SET email = 'other@example.com'",
        "UPDATE directory.invitations SET email = NULL",
        "UPDATE directory.invitations SET state = 'accepted', ended_by = invited_by, ended_at = expires_at",
        "UPDATE directory.invitations SET state = 'expired', ended_at = created_at",
    ] {
        sqlx::query(statement).execute(&stage.resources.pool).await.unwrap_err();
    }
    invited.accept(&person).await.expect(200);
    for statement in [
        "UPDATE directory.invitations SET state = 'pending', ended_by = NULL, ended_at = NULL",
        "UPDATE directory.invitations SET ended_by = invited_by",
        "UPDATE directory.invitations SET state = 'revoked'",
        "DELETE FROM directory.invitations",
    ] {
        sqlx::query(statement).execute(&stage.resources.pool).await.unwrap_err();
    }
    stage.close().await;
}
