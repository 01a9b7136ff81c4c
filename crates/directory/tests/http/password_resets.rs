//! Choosing another password by a mailed link.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;
use service::limits::LimitSettings;
use stage::Answer;

use crate::mails::{mails, stage, stage_within, token};
use crate::stage::{PASSWORD, Person, Stage};

const NEW: &str = "another horse battery";

async fn ask(stage: &Stage, email: &str) -> Answer {
    stage.anonymous().post("/v1/password-resets", json!({ "email": email })).await
}

/// The token of the first link that this person asks for.
async fn asked(stage: &Stage, person: &Person) -> String {
    ask(stage, &person.email).await.expect(202);
    token(&mails(stage, "reset_password", &person.email, 1).await[0])
}

async fn complete(stage: &Stage, token: &str, password: &str) -> Answer {
    let body = json!({ "token": token, "password": password });
    stage.anonymous().post("/v1/password-resets/complete", body).await
}

async fn sign_in(stage: &Stage, person: &Person, password: &str) -> u16 {
    let answer = stage.signing_in(&person.email, password).post("/v1/sessions", json!({})).await;
    answer.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_link_gives_another_password_once_and_ends_all_sessions() {
    let stage = stage().await;
    let person = stage.person("person").await;
    let opened = stage.signing_in(&person.email, PASSWORD).post("/v1/sessions", json!({})).await;
    let session = stage.anonymous().with_token(&opened.expect(201).field("token"));
    session.get("/v1/people/me").await.expect(200);
    let token = asked(&stage, &person).await;
    complete(&stage, &token, "short").await.refuses_fields(&["password"]);
    let (answer, events) = stage.events_of(complete(&stage, &token, NEW)).await;
    answer.expect(204);
    let expected = ["password-reset.completed", "person.password-changed", "session.ended"];
    assert_eq!(&events[..3], expected);
    session.get("/v1/people/me").await.expect(401);
    person.get("/v1/people/me").await.expect(200);
    assert_eq!(
        (sign_in(&stage, &person, PASSWORD).await, sign_in(&stage, &person, NEW).await),
        (401, 201)
    );
    mails(&stage, "password_changed", &person.email, 1).await;
    complete(&stage, &token, NEW).await.problem(409, "mailed-link-used");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_uses_of_one_link_at_the_same_time_one_changes_the_password() {
    let stage = stage().await;
    let person = stage.person("person").await;
    let token = asked(&stage, &person).await;
    let passwords: Vec<String> = (0..200).map(|n| format!("password number {n}")).collect();
    let uses = passwords.iter().map(|password| complete(&stage, &token, password));
    let answers = join_all(uses).await;
    let right: Vec<usize> = (0..200).filter(|n| answers[*n].status == 204).collect();
    assert_eq!(right.len(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 204) {
        // Passwords are hashed so many at a time; who waits too long is told so.
        assert!([409, 503].contains(&answer.status.as_u16()), "{answer:?}");
    }
    assert_eq!(sign_in(&stage, &person, &passwords[right[0]]).await, 201);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_works_for_half_an_hour_and_not_after_another_change() {
    let stage = stage().await;
    let person = stage.person("person").await;
    let late = asked(&stage, &person).await;
    stage.clock.advance(TimeDelta::minutes(30));
    complete(&stage, &late, NEW).await.problem(410, "mailed-link-expired");

    ask(&stage, &person.email).await.expect(202);
    let token = token(&mails(&stage, "reset_password", &person.email, 2).await[0]);
    let change = json!({ "current_password": PASSWORD, "new_password": NEW });
    person.put("/v1/people/me/password", change).await.expect(204);
    complete(&stage, &token, PASSWORD).await.problem(410, "mailed-link-outdated");
    assert_eq!(sign_in(&stage, &person, NEW).await, 201);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_for_what_it_was_mailed_for_and_for_nobody_who_is_deactivated() {
    let stage = stage().await;
    let person = stage.person("person").await;
    person.organization().await;
    let mail = mails(&stage, "confirm_contact", "contact@example.com", 1).await.remove(0);
    complete(&stage, &token(&mail), NEW).await.problem(404, "mailed-link-not-found");
    let token = asked(&stage, &person).await;
    let body = json!({ "token": token });
    let other = stage.anonymous().post("/v1/contact-confirmations/complete", body).await;
    other.problem(404, "mailed-link-not-found");
    stage.operator.act(&format!("/v1/people/{}/deactivate", person.id)).await.expect(200);
    complete(&stage, &token, NEW).await.problem(410, "mailed-link-outdated");
    // Who is deactivated gets no link, and the answer does not tell.
    ask(&stage, &person.email).await.expect(202);
    ask(&stage, &stage.operator.email).await.expect(202);
    mails(&stage, "reset_password", &stage.operator.email, 1).await;
    mails(&stage, "reset_password", &person.email, 1).await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_does_not_tell_whether_somebody_has_an_email() {
    let stage = stage_within(LimitSettings::default()).await;
    let person = stage.person("person").await;
    for email in [person.email.as_str(), "nobody@example.com"] {
        for _ in 0..5 {
            let answer = ask(&stage, email).await.expect(202);
            assert_eq!(answer.text(), "");
        }
        // Those that nobody has are counted alike.
        ask(&stage, email).await.problem(429, "too-many-requests");
    }
    ask(&stage, "no email").await.refuses_fields(&["email"]);
    let mails = mails(&stage, "reset_password", &person.email, 5).await;
    complete(&stage, &token(&mails[4]), NEW).await.expect(204);
    // What was asked for before is outdated: the password is another one.
    complete(&stage, &token(&mails[0]), PASSWORD).await.problem(410, "mailed-link-outdated");
    stage.close().await;
}
