//! Anybody could make anybody a member. Enough memberships made the answer to *who is this?* larger than what NATS
//! carries, so that the person, an operator for instance, was locked out of every service but the directory.

use journeys::people::{Operator, Person, RETAIL_MEDIA};
use journeys::system::{Servers, System};
use serde_json::json;
use sqlx::postgres::PgPool;
use stage::Client;

/// So many made the answer larger than a megabyte.
const MEMBERSHIPS: i32 = 20_000;

/// As if the person had been made a member of so many organizations. Straight into the tables: over HTTP it takes
/// hours, and since few organizations of one person wait to be confirmed, very many people.
async fn flood(servers: &Servers, person: &str) {
    let made = "WITH made AS (
            INSERT INTO directory.organizations (id, name, kind, contact_email, country, version, created_at)
            SELECT gen_random_uuid(), 'Flood', 'other', 'flood@example.com', 'FR', 1, now()
            FROM generate_series(1, $2) RETURNING id
        )
        INSERT INTO directory.memberships (id, organization_id, person_id, role, version, created_at)
        SELECT gen_random_uuid(), id, $1::uuid, 'auditor', 1, now() FROM made";
    let database = PgPool::connect(&servers.database.url).await.unwrap();
    sqlx::query(made).bind(person).bind(MEMBERSHIPS).execute(&database).await.unwrap();
    database.close().await;
}

async fn id(person: &Client) -> String {
    person.get("/v1/people/me").await.expect(200).field("id")
}

#[tokio::test]
async fn whoever_is_made_a_member_of_very_many_organizations_works_as_before() {
    // Apart: within one process nothing is asked over NATS.
    let system = System::apart(Servers::migrated("").await).await;
    let operator: Operator = system.operator();
    let organization = operator.organization().await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let (developer, admin) = (&organization.developer, account.admin());
    flood(&system.servers, &id(&operator).await).await;
    flood(&system.servers, &developer.id).await;
    flood(&system.servers, &admin.id).await;

    // The developer, in an organization that is none of the first.
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let path = format!("/v1/apps/{}", app.id);
    let key = developer.key(&app).await;
    let link = developer.link(&app).await;
    let listed = developer.get(&format!("/v1/apps?organization_id={}", organization.id)).await;
    assert_eq!(listed.expect(200).ids(), std::slice::from_ref(&app.id));
    // The account's admin.
    admin.open(&link).await.expect(200);
    let approved = admin.approve(&link, &[&account.id]).await.expect(200);
    assert_eq!(admin.get("/v1/grants").await.expect(200).ids().len(), 1, "{}", approved.text());
    // The operator.
    operator.act(&format!("{path}/suspend")).await.expect(200);
    assert_eq!(key.ask(&system.anonymous()).await.status, 401);
    operator.get("/v1/events").await.expect(200);
    system.stop().await;
}

#[tokio::test]
async fn a_member_of_very_many_organizations_reads_the_same_events_as_others() {
    let system = System::apart(Servers::migrated("").await).await;
    let organization = system.operator().organization().await;
    let (many, few) = (&organization.developer, &organization.auditor);
    many.active_app(&organization, RETAIL_MEDIA).await;
    flood(&system.servers, &many.id).await;
    let named = format!("organization_id={}", organization.id);
    let kinds = ["organization.created", "app.created", "app.activated"];
    journeys::events::found(few, &named, &kinds).await;
    let expected = events(few).await;
    assert!(!expected.is_empty());
    assert_eq!(events(many).await, expected);
    system.stop().await;
}

async fn events(reader: &Person) -> Vec<i64> {
    let answer = reader.get("/v1/events?limit=200").await.expect(200);
    let items = answer.json["items"].as_array().unwrap();
    items.iter().map(|item| item["position"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn nobody_makes_any_number_of_organizations_or_anybody_a_member_of_them() {
    let system = System::start().await;
    let operator = system.operator();
    let (attacker, victim) = (operator.person("Attacker").await, operator.person("Victim").await);
    let new = json!({
        "name": "Flood", "kind": "other", "country": "FR", "contact_email": "flood@people.example",
    });
    for _ in 0..3 {
        let made = attacker.post("/v1/organizations", &new).await.expect(201);
        let members = format!("/v1/organizations/{}/members", made.field("id"));
        let by_id = json!({ "person_id": victim.id, "role": "auditor" });
        attacker.post(&members, by_id).await.problem(403, "role-not-allowed");
        let by_email = json!({ "email": victim.email, "role": "auditor" });
        attacker.post(&members, by_email).await.problem(403, "role-not-allowed");
        let listed = attacker.get(&members).await.expect(200);
        assert!(!listed.text().contains(&victim.name));
        let person = attacker.get(&format!("/v1/people/{}", victim.id)).await;
        person.problem(404, "person-not-found");
    }
    let fourth = attacker.post("/v1/organizations", &new).await;
    fourth.problem(409, "too-many-unconfirmed-organizations");
    system.stop().await;
}
