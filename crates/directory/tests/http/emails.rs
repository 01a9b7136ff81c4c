//! One address is one person's, however a device writes it.

use contract::PersonId;
use serde_json::json;
use sqlx::ConnectOptions as _;

use crate::stage::{PASSWORD, Person, Stage};

const COMPOSED: &str = "j\u{FC}rgen@b\u{FC}cher.example";
const DECOMPOSED: &str = "Ju\u{308}rgen@Bu\u{308}cher.example";
const KEPT: &str = "j\u{FC}rgen@xn--bcher-kva.example";

async fn sign_in(stage: &Stage, email: &str) -> u16 {
    stage.signing_in(email, PASSWORD).act("/v1/sessions").await.status.as_u16()
}

/// Writes an address as it was stored by earlier versions.
async fn store(stage: &Stage, person: &Person, email: &str) {
    sqlx::query("UPDATE directory.people SET email = $2 WHERE id = $1")
        .bind(person.id.uuid())
        .bind(email)
        .execute(&stage.resources.pool)
        .await
        .unwrap();
}

async fn stored(stage: &Stage, id: PersonId) -> String {
    sqlx::query_scalar("SELECT email FROM directory.people WHERE id = $1")
        .bind(id.uuid())
        .fetch_one(&stage.resources.pool)
        .await
        .unwrap()
}

async fn rewrite(stage: &Stage) -> Vec<String> {
    // Whoever migrates owns the tables.
    let url = stage.superuser().await.connect_options().to_url_lossy();
    let shared = directory::rewrite_emails(url.as_str()).await.unwrap();
    shared.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_address_is_one_persons_in_every_form() {
    let stage = Stage::set().await;
    let body = |email: &str| json!({"email": email, "name": "Jürgen", "password": PASSWORD});
    let answer = stage.operator.post("/v1/people", body(DECOMPOSED)).await;
    assert_eq!(answer.expect(201).json["email"], KEPT);
    for email in [COMPOSED, KEPT] {
        stage.operator.post("/v1/people", body(email)).await.problem(409, "email-taken");
    }
    for email in [COMPOSED, DECOMPOSED, KEPT] {
        assert_eq!(sign_in(&stage, email).await, 201, "{email}");
    }
    stage.close().await;
}

#[tokio::test]
async fn an_address_that_no_mail_can_reach_is_refused_and_whoever_has_one_signs_in() {
    let stage = Stage::set().await;
    for email in ["a@example,com", "a@example..com", "a@exa_mple.com", "a..b@example.com"] {
        let body = json!({"email": email, "name": "A", "password": PASSWORD});
        stage.operator.post("/v1/people", &body).await.refuses_fields(&["email"]);
        let organization = json!({"contact_email": email});
        let path = stage.operator.organization().await;
        stage.operator.patch(&path, organization).await.refuses_fields(&["contact_email"]);
    }
    let owner = stage.person("owner").await;
    store(&stage, &owner, "a@example,com").await;
    assert_eq!(sign_in(&stage, " A@Example,com").await, 201);
    assert_eq!(owner.get("/v1/people/me").await.expect(200).json["email"], "a@example,com");
    assert_eq!(rewrite(&stage).await, [""; 0]);
    assert_eq!(stored(&stage, owner.id).await, "a@example,com");
    stage.close().await;
}

#[tokio::test]
async fn addresses_of_earlier_versions_are_rewritten_and_two_people_stay_two() {
    let stage = Stage::set().await;
    let (one, two) = (stage.person("one").await, stage.person("two").await);
    let older = DECOMPOSED.to_lowercase();
    store(&stage, &one, &older).await;
    assert_eq!(sign_in(&stage, &older).await, 201);
    assert_eq!(rewrite(&stage).await, [""; 0]);
    assert_eq!(stored(&stage, one.id).await, KEPT);
    assert_eq!(sign_in(&stage, &older).await, 201);

    // Somebody else has the same address in another form: with a password of their own.
    store(&stage, &two, &older).await;
    let body = json!({"current_password": PASSWORD, "new_password": "another battery staple"});
    two.put("/v1/people/me/password", body).await.expect(204);
    for _ in 0..2 {
        let named = rewrite(&stage).await;
        assert!(named[0].contains(&one.id.to_string()), "{named:?}");
        assert!(named[0].contains(&two.id.to_string()) && named.len() == 1, "{named:?}");
    }
    assert_eq!(stored(&stage, two.id).await, older);
    let as_two = stage.signing_in(&older, "another battery staple");
    assert_eq!(as_two.act("/v1/sessions").await.status.as_u16(), 201);
    assert_eq!(sign_in(&stage, COMPOSED).await, 201);
    stage.close().await;
}

/// Writes this into a column, whatever the service may and triggers say.
async fn alter(stage: &Stage, sql: &str, id: &str, email: &str) {
    let mut owner = stage.superuser().await.acquire().await.unwrap();
    sqlx::query("SET session_replication_role = replica").execute(&mut *owner).await.unwrap();
    let id: uuid::Uuid = id.parse().unwrap();
    let altered = sqlx::query(sqlx::AssertSqlSafe(sql.to_owned())).bind(id).bind(email);
    assert_eq!(altered.execute(&mut *owner).await.unwrap().rows_affected(), 1, "{sql}");
    sqlx::query("RESET session_replication_role").execute(&mut *owner).await.unwrap();
}

#[tokio::test]
async fn contacts_of_earlier_versions_are_rewritten_and_their_links_still_confirm_them() {
    let stage = Stage::set().await;
    let path = stage.operator.organization().await;
    let id = path.rsplit('/').next().unwrap();
    let older = DECOMPOSED.to_lowercase();
    let organization = "UPDATE directory.organizations SET contact_email = $2 WHERE id = $1";
    alter(&stage, organization, id, &older).await;
    let confirmation =
        "UPDATE directory.contact_confirmations SET email = $2 WHERE organization_id = $1";
    alter(&stage, confirmation, id, &older).await;
    assert_eq!(rewrite(&stage).await, [""; 0]);
    assert_eq!(stage.operator.get(&path).await.expect(200).field("contact_email"), KEPT);
    let confirmed: String = sqlx::query_scalar(
        "SELECT email FROM directory.contact_confirmations WHERE organization_id::text = $1",
    )
    .bind(id)
    .fetch_one(&stage.resources.pool)
    .await
    .unwrap();
    assert_eq!(confirmed, KEPT, "the link that was mailed confirms it");
    stage.close().await;
}

#[tokio::test]
async fn pending_invitations_of_earlier_versions_are_rewritten_and_two_of_one_address_stay_two() {
    let stage = Stage::set().await;
    let invitations = format!("{}/invitations", stage.operator.organization().await);
    let invite = async |email: &str| {
        let body = json!({"email": email, "role": "developer"});
        stage.operator.post(&invitations, body).await.expect(201).field("id")
    };
    let (one, two) = (invite("one@example.com").await, invite("two@example.com").await);
    let ended = invite("three@example.com").await;
    stage.operator.delete(&format!("/v1/invitations/{ended}")).await.expect(204);
    let older = DECOMPOSED.to_lowercase();
    let invitation = "UPDATE directory.invitations SET email = $2 WHERE id = $1";
    alter(&stage, invitation, &one, &older).await;
    alter(&stage, invitation, &ended, &older).await;
    let email = async |id: &str| {
        let read = stage.operator.get(&format!("/v1/invitations/{id}")).await.expect(200);
        read.field("email")
    };
    assert_eq!(rewrite(&stage).await, [""; 0]);
    assert_eq!((email(&one).await, email(&ended).await), (KEPT.to_owned(), older.clone()));
    // Whoever invites them once more is told that they are invited.
    let again = json!({"email": DECOMPOSED, "role": "developer"});
    stage.operator.post(&invitations, again).await.problem(409, "already-invited");

    alter(&stage, invitation, &two, &older).await;
    for _ in 0..2 {
        let named = rewrite(&stage).await;
        let both = format!("invitations/{two} and invitations/{one} ");
        assert!(named.len() == 1 && named[0].starts_with(&both), "{named:?}");
    }
    assert_eq!(email(&two).await, older);
    // What the migration let rest is awake.
    let refused = sqlx::query("UPDATE directory.invitations SET email = 'other@example.com'");
    assert!(refused.execute(&stage.superuser().await).await.is_err());
    stage.close().await;
}
