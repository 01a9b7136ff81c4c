//! Leaving an organization (rule 3).

use contract::PersonId;
use contract::secret::ApiToken;
use futures::future::join_all;
use serde_json::json;
use stage::Client;
use uuid::Uuid;

use crate::stage::Stage;

#[tokio::test]
async fn every_member_leaves_and_the_last_owner_does_not() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let members = format!("{organization}/members");
    for role in ["developer", "auditor", "owner"] {
        let member = stage.person(&format!("leaving-{role}")).await;
        let add = json!({"person_id": member.id, "role": role});
        stage.operator.post(&members, add).await.expect(201);
        let (answer, events) =
            stage.events_of(member.delete(&format!("{members}/{}", member.id))).await;
        answer.expect(204);
        assert_eq!(events, ["membership.removed"]);
        member.get(&organization).await.problem(404, "organization-not-found");
        member.delete(&format!("{members}/{}", member.id)).await.expect(404);
    }
    let own = format!("{members}/{}", owner.id);
    let (answer, events) = stage.events_of(owner.delete(&own)).await;
    let detail = answer.problem(409, "last-owner");
    assert!(detail.contains("make somebody else an owner first"), "{detail}");
    assert!(events.is_empty(), "{events:?}");
    // Nor does the database let them go.
    let gone = sqlx::query("DELETE FROM directory.memberships WHERE person_id = $1");
    let error = gone.bind(owner.id.uuid()).execute(&stage.resources.pool).await.unwrap_err();
    assert!(error.to_string().contains("would have no owner"), "{error}");
    stage.close().await;
}

#[tokio::test]
async fn of_200_owners_who_leave_at_once_one_stays() {
    let stage = Stage::set().await;
    let first = stage.person("owner").await;
    let organization = first.organization().await;
    let mut owners: Vec<(Uuid, Client)> = vec![(first.id.uuid(), (*first).clone())];
    let (mut people, mut hashes) = (Vec::new(), Vec::new());
    for _ in 0..199 {
        let env = &stage.resources.env;
        let (person, token) = (env.new_id::<PersonId>().uuid(), ApiToken::generate(env));
        people.push(person);
        hashes.push(token.hash().0.to_vec());
        owners.push((person, stage.anonymous().with_token(token.reveal())));
    }
    sqlx::query(
        "WITH new AS (SELECT * FROM unnest($1::uuid[], $2::bytea[]) AS n (id, hash)),
              people AS (
             INSERT INTO directory.people (id, email, name, operator, version, created_at)
             SELECT id, id || '@example.com', 'Owner', false, 1, now() FROM new
         ) INSERT INTO directory.api_tokens (id, person_id, name, token_hash, hint, created_at, version)
         SELECT gen_random_uuid(), id, 'test', hash, 'test', now(), 1 FROM new",
    )
    .bind(&people)
    .bind(&hashes)
    .execute(&stage.resources.pool)
    .await
    .unwrap();
    let members = format!("{organization}/members");
    for person in people {
        let add = json!({"person_id": person, "role": "owner"});
        stage.operator.post(&members, add).await.expect(201);
    }
    let leaving = owners.iter().map(async |(person, client)| {
        client.delete(&format!("{organization}/members/{person}")).await.status.as_u16()
    });
    let mut statuses = join_all(leaving).await;
    statuses.sort_unstable();
    assert_eq!((statuses[198], statuses[199]), (204, 409), "{statuses:?}");
    let left: Vec<Uuid> = sqlx::query_scalar("SELECT person_id FROM directory.memberships")
        .fetch_all(&stage.resources.pool)
        .await
        .unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    stage.close().await;
}
