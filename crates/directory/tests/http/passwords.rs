//! Changing one's password.

use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use futures::future::join_all;
use serde_json::{Value, json};
use service::limits::LimitSettings;
use stage::{Answer, Client, wide_limits};

use crate::sessions::session;
use crate::stage::{PASSWORD, Person, Stage};

const NEW: &str = "another battery staple";

async fn change(client: &Client, current: &str, new: &str) -> Answer {
    let body = json!({"current_password": current, "new_password": new});
    client.put("/v1/people/me/password", body).await
}

async fn signs_in(stage: &Stage, person: &Person, password: &str) -> u16 {
    stage.signing_in(&person.email, password).act("/v1/sessions").await.status.as_u16()
}

#[tokio::test]
async fn another_password_ends_the_other_sessions() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (_, this) = session(&stage, &owner).await;
    let (_, other) = session(&stage, &owner).await;
    let (answer, events) = stage.events_of(change(&this, PASSWORD, NEW)).await;
    answer.expect(204);
    assert_eq!(events, ["person.password-changed", "session.ended"]);
    this.get("/v1/people/me").await.expect(200);
    other.get("/v1/people/me").await.problem(401, "invalid-token");
    owner.get("/v1/people/me").await.expect(200);
    assert_eq!(signs_in(&stage, &owner, PASSWORD).await, 401);
    assert_eq!(signs_in(&stage, &owner, NEW).await, 201);
    // With an API token, all of them.
    let (answer, events) = stage.events_of(change(&owner, NEW, PASSWORD)).await;
    answer.expect(204);
    assert_eq!(events, ["person.password-changed", "session.ended", "session.ended"]);
    this.get("/v1/people/me").await.problem(401, "invalid-token");
    stage.close().await;
}

#[tokio::test]
async fn a_wrong_password_changes_nothing_and_is_a_guess() {
    let limits = LimitSettings { sign_in_attempts_per_email: 3, ..wide_limits() };
    let stage = Stage::within(limits).await;
    let owner = stage.person("owner").await;
    let (_, this) = session(&stage, &owner).await;
    for _ in 0..3 {
        change(&this, "a wrong battery", NEW).await.refuses_fields(&["current_password"]);
    }
    change(&this, PASSWORD, NEW).await.problem(429, "too-many-requests");
    let refused = stage.refused_sign_ins(4).await;
    assert!(refused.iter().all(|fact| fact.person_id == Some(owner.id)), "{refused:?}");
    let actors: Vec<Value> = sqlx::query_scalar(
        "SELECT convert_from(envelope, 'UTF8')::jsonb -> 'actor' FROM directory.events
         WHERE type = 'mandate.sign-in.refused.v1'",
    )
    .fetch_all(&stage.resources.pool)
    .await
    .unwrap();
    assert!(actors.iter().all(|actor| *actor == json!(format!("user/{}", owner.id))), "{actors:?}");
    stage.close().await;
}

#[tokio::test]
async fn a_new_password_is_a_good_one_and_another() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    for wrong in ["short", PASSWORD] {
        let (answer, events) = stage.events_of(change(&owner, PASSWORD, wrong)).await;
        answer.refuses_fields(&["new_password"]);
        assert!(events.is_empty(), "{events:?}");
    }
    change(&stage.anonymous(), PASSWORD, NEW).await.problem(401, "unauthenticated");
    assert_eq!(signs_in(&stage, &owner, PASSWORD).await, 201);
    stage.close().await;
}

#[tokio::test]
async fn a_password_is_the_same_however_a_device_writes_it() {
    let (composed, decomposed) =
        ("M\u{FC}ller und S\u{F6}hne", "Mu\u{308}ller\u{A0}und So\u{308}hne");
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    change(&owner, PASSWORD, decomposed).await.expect(204);
    for typed in [composed, decomposed] {
        assert_eq!(signs_in(&stage, &owner, typed).await, 201, "{typed}");
    }
    change(&owner, composed, decomposed).await.refuses_fields(&["new_password"]);
    change(&owner, composed, "twelve\tcharacters").await.refuses_fields(&["new_password"]);

    // A hash of what was typed, as hashes were made before: whoever types the same is let in, and it is replaced.
    let argon2 =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, None).unwrap());
    let older: PasswordHash =
        argon2.hash_password_with_salt(decomposed.as_bytes(), &[7; 16]).unwrap();
    sqlx::query("UPDATE directory.people SET password_hash = $2 WHERE id = $1")
        .bind(owner.id.uuid())
        .bind(older.to_string())
        .execute(&stage.resources.pool)
        .await
        .unwrap();
    assert_eq!(signs_in(&stage, &owner, composed).await, 401);
    assert_eq!(signs_in(&stage, &owner, decomposed).await, 201);
    for typed in [composed, decomposed] {
        assert_eq!(signs_in(&stage, &owner, typed).await, 201, "{typed}");
    }
    stage.close().await;
}

#[tokio::test]
async fn of_changes_at_the_same_time_one_succeeds() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let attempts =
        (0..12).map(async |n: usize| change(&owner, PASSWORD, &format!("{NEW} {n}")).await);
    let answers = join_all(attempts).await;
    let changed: Vec<_> =
        (0..answers.len()).filter(|n| answers[*n].status.as_u16() == 204).collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    for (_, answer) in answers.iter().enumerate().filter(|(n, _)| *n != changed[0]) {
        answer.refuses_fields(&["current_password"]);
    }
    assert_eq!(signs_in(&stage, &owner, &format!("{NEW} {}", changed[0])).await, 201);
    stage.close().await;
}
