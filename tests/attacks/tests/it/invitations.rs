//! Invitations: guessing their tokens, using them when they have ended, asking whose an email is, and taking what was
//! somebody else's by being quicker.

use futures::future::join_all;
use journeys::invitations::Invitation;
use journeys::people::{Operator, Organization};
use journeys::system::System;
use serde_json::{Value, json};
use stage::Client;

async fn invite(system: &System, organization: &Organization, email: &str) -> Invitation {
    let path = format!("/v1/organizations/{}/invitations", organization.id);
    let body = json!({ "email": email, "role": "owner" });
    let made = organization.owner.post(&path, body).await.expect(201);
    Invitation::mailed(&system.servers.database.url, &made.field("id")).await
}

async fn members(organization: &Organization) -> usize {
    let path = format!("/v1/organizations/{}/members", organization.id);
    let listed = organization.owner.get(&path).await.expect(200).json;
    listed["items"].as_array().unwrap().len()
}

/// Nobody's token: of this invitation, but for one character, or of another kind.
fn guesses(real: &str) -> Vec<String> {
    let (head, last) = real.split_at(real.len() - 1);
    let other = if last == "A" { "E" } else { "A" };
    vec![
        format!("{head}{other}"),
        real.replace("mandate_ml_", "mandate_cl_"),
        real.trim_start_matches("mandate_ml_").to_owned(),
        real.to_uppercase(),
        format!(" {real}"),
        format!("mandate_ml_{}", "A".repeat(43)),
        "mandate_ml_' OR '1'='1".to_owned(),
        String::new(),
    ]
}

#[tokio::test]
async fn whoever_guesses_a_token_learns_and_gets_nothing() {
    let system = System::start().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let invitation = invite(&system, &organization, "victim@people.example").await;
    let (attacker, anyone) = (operator.person("Attacker").await, system.anonymous());
    let mut answers: Vec<Value> = Vec::new();
    for token in guesses(&invitation.token) {
        let guess = Invitation { token, ..invitation.clone() };
        for answer in [
            guess.look_up(&anyone).await,
            guess.accept(&attacker).await,
            guess.accept_as_new(&anyone).await,
        ] {
            answer.problem(404, "invitation-not-found");
            answers.push(answer.json);
        }
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    // The id is in events and lists; it opens nothing.
    let by_id = Invitation { token: invitation.id.clone(), ..invitation.clone() };
    by_id.accept(&attacker).await.problem(404, "invitation-not-found");
    let path = format!("/v1/invitations/{}", invitation.id);
    attacker.delete(&path).await.problem(404, "invitation-not-found");
    attacker.act(&format!("{path}/send-again")).await.problem(404, "invitation-not-found");
    assert_eq!(members(&organization).await, 3);
    invitation.look_up(&anyone).await.expect(200);
    system.stop().await;
}

#[tokio::test]
async fn what_was_used_or_revoked_makes_nobody_a_member() {
    let system = System::start().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let (invited, attacker) = (operator.person("Invited").await, operator.person("Attacker").await);
    let anyone = system.anonymous();
    let used = invite(&system, &organization, &invited.email).await;
    used.accept(&invited).await.expect(200);
    used.accept(&attacker).await.problem(409, "invitation-already-accepted");
    used.accept_as_new(&anyone).await.problem(409, "invitation-already-accepted");
    let revoked = invite(&system, &organization, "gone@people.example").await;
    let path = format!("/v1/invitations/{}", revoked.id);
    organization.owner.delete(&path).await.expect(204);
    revoked.accept(&attacker).await.problem(410, "invitation-revoked");
    revoked.accept_as_new(&anyone).await.problem(410, "invitation-revoked");
    // Neither does an invitation give what its maker may not give: who was let in as a member invites nobody.
    let developer = &organization.developer;
    let path = format!("/v1/organizations/{}/invitations", organization.id);
    let body = json!({ "email": "accomplice@people.example", "role": "owner" });
    developer.post(&path, &body).await.problem(403, "role-not-allowed");
    assert_eq!(members(&organization).await, 4);
    system.stop().await;
}

/// What inviting this email answers, without what is its own.
async fn answer(operator: &Operator, by: &Client, email: &str) -> (u16, Value) {
    let new = json!({
        "name": "Probe", "kind": "other", "country": "FR", "contact_email": "probe@people.example",
        "owner_person_id": by.get("/v1/people/me").await.expect(200).field("id"),
    });
    let id = operator.post("/v1/organizations", new).await.expect(201).field("id");
    let path = format!("/v1/organizations/{id}/invitations");
    let answer = by.post(&path, json!({ "email": email, "role": "auditor" })).await;
    let mut body = answer.json.clone();
    for own in ["id", "organization_id", "email", "created_at", "sent_at", "expires_at"] {
        body[own] = Value::Null;
    }
    (answer.status.as_u16(), body)
}

#[tokio::test]
async fn no_answer_tells_whether_an_email_is_known() {
    let system = System::start().await;
    let operator = system.operator();
    let (attacker, victim) = (operator.person("Attacker").await, operator.person("Victim").await);
    let deactivated = operator.person("Away").await;
    operator.act(&format!("/v1/people/{}/deactivate", deactivated.id)).await.expect(200);
    let unknown = answer(&operator, &attacker, "nobody@people.example").await;
    assert_eq!(unknown.0, 201);
    for email in [&victim.email, &victim.email.to_uppercase(), &deactivated.email, &attacker.email]
    {
        assert_eq!(answer(&operator, &attacker, email).await, unknown);
    }
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_strangers_with_one_token_registers_one_and_others_go_on() {
    let system = System::start().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let invitation = invite(&system, &organization, "one@people.example").await;
    let anyone = system.anonymous();
    let storm = join_all((0..100).map(|_| invitation.accept_as_new(&anyone)));
    let others = async {
        for _ in 0..5 {
            organization.developer.get("/v1/people/me").await.expect(200);
        }
    };
    let (answers, ()) = tokio::join!(storm, others);
    let accepted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(accepted, 1);
    // Asked to sign in, too late, or turned away while too many passwords are hashed.
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert!([401, 409, 503].contains(&answer.status.as_u16()), "{}", answer.text());
    }
    assert_eq!(members(&organization).await, 4);
    system.stop().await;
}
