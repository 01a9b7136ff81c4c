//! What the other services ask over NATS.

use contract::rpc::{
    AccountRole, AccountRolesOf, Authenticate, GetOrganization, MAX_KNOWN_MEMBERSHIPS,
    MAX_MEMBERSHIPS_IN, MemberRole, MembershipsIn, NameAccounts, NamePeople, VisibleAccounts,
};
use contract::secret::SecretHash;
use contract::{OrganizationId, PersonId};
use serde_json::json;
use service::CallContext;

use crate::stage::Stage;

#[tokio::test]
async fn every_question_has_its_answer() {
    let stage = Stage::set().await;
    let (owner, analyst) = (stage.person("owner").await, stage.person("analyst").await);
    let organization = owner.organization().await;
    let organization_id = organization.rsplit('/').next().unwrap().parse().unwrap();
    let lines = "Shop,advertiser,retail_media,A-1,owner@example.com,admin\n\
                 Shop,advertiser,retail_media,A-1,analyst@example.com,analyst\n";
    stage.operator.import("", lines).await.expect(200);
    let (rpc, context) = (&stage.resources.rpc, CallContext::new(&stage.resources.env));

    let token = owner.authorization().unwrap().trim_start_matches("Bearer ");
    let hash = hex::encode(SecretHash::of(token).0);
    let person = rpc.call(&context, &Authenticate { token_sha256: hash }).await.unwrap().unwrap();
    assert_eq!((person.person_id, person.operator), (owner.id, false));
    assert_eq!(person.memberships[0].role, MemberRole::Owner);
    for unknown in [String::new(), "0".repeat(64)] {
        assert!(
            rpc.call(&context, &Authenticate { token_sha256: unknown }).await.unwrap().is_none()
        );
    }

    let view = rpc.call(&context, &GetOrganization { organization_id }).await.unwrap().unwrap();
    assert_eq!((view.name.as_str(), view.confirmed), ("Example Apps", false));

    let asked = VisibleAccounts {
        person_id: analyst.id,
        service: "retail_media".into(),
        consent_roles: vec![AccountRole::Admin],
    };
    let visible = rpc.call(&context, &asked).await.unwrap();
    assert_eq!((visible.len(), visible[0].role), (1, AccountRole::Analyst));
    assert_eq!(visible[0].consenters[0].person_id, owner.id);
    let elsewhere = VisibleAccounts { service: "marketing_solutions".into(), ..asked };
    assert!(rpc.call(&context, &elsewhere).await.unwrap().is_empty());

    let ids = vec![visible[0].id];
    let roles = AccountRolesOf { person_id: analyst.id, account_ids: Some(ids.clone()) };
    assert_eq!(rpc.call(&context, &roles).await.unwrap()[0].role, AccountRole::Analyst);
    let none = AccountRolesOf { person_id: analyst.id, account_ids: Some(Vec::new()) };
    assert!(rpc.call(&context, &none).await.unwrap().is_empty());
    let names = rpc.call(&context, &NameAccounts { account_ids: ids }).await.unwrap();
    assert_eq!(names[0].name, "Shop");
    let people = NamePeople { person_ids: vec![owner.id, analyst.id] };
    assert_eq!(rpc.call(&context, &people).await.unwrap().len(), 2);
    stage.close().await;
}

/// Makes somebody a member of so many new organizations, as if strangers had done it. The last one's id.
async fn flood(stage: &Stage, person: PersonId, memberships: i32) -> OrganizationId {
    let made = "WITH made AS (
            INSERT INTO directory.organizations (id, name, kind, contact_email, country, version, created_at)
            SELECT gen_random_uuid(), 'Flood', 'other', 'flood@example.com', 'FR', 1, now()
            FROM generate_series(1, $2) RETURNING id
        ), joined AS (
            INSERT INTO directory.memberships (id, organization_id, person_id, role, version, created_at)
            SELECT gen_random_uuid(), id, $1, 'auditor', 1, now() FROM made RETURNING organization_id
        ) SELECT organization_id FROM joined ORDER BY organization_id DESC LIMIT 1";
    let last = sqlx::query_scalar(made).bind(person.uuid()).bind(memberships);
    OrganizationId::from_uuid(last.fetch_one(&stage.resources.pool).await.unwrap())
}

#[tokio::test]
async fn who_somebody_is_does_not_grow_with_their_memberships() {
    let stage = Stage::set().await;
    let member = stage.person("member").await;
    let (rpc, context) = (&stage.resources.rpc, CallContext::new(&stage.resources.env));
    let token = member.authorization().unwrap().trim_start_matches("Bearer ");
    let asked = Authenticate { token_sha256: hex::encode(SecretHash::of(token).0) };
    let last = flood(&stage, member.id, 20_000).await;
    let person = rpc.call(&context, &asked).await.unwrap().unwrap();
    assert_eq!((person.memberships.len(), person.more_memberships), (MAX_KNOWN_MEMBERSHIPS, true));
    assert!(person.memberships.iter().all(|known| known.organization_id != last));

    // The role in the one that a request is about is asked for.
    let mut organization_ids = vec![last, stage.resources.env.new_id()];
    let question = |organization_ids| MembershipsIn { person_id: member.id, organization_ids };
    let found = rpc.call(&context, &question(organization_ids.clone())).await.unwrap();
    assert_eq!((found.len(), found[0].role), (1, MemberRole::Auditor));
    organization_ids.resize(MAX_MEMBERSHIPS_IN + 1, last);
    assert!(rpc.call(&context, &question(organization_ids)).await.is_err());
    let path = format!("/v1/organizations/{last}");
    member.get(&path).await.expect(200);
    member.post(&format!("{path}/members"), json!({})).await.expect(422);
    member.patch(&path, json!({"name": "Mine"})).await.problem(403, "role-not-allowed");
    let me = member.get("/v1/people/me").await.expect(200).json;
    let shown = me["memberships"].as_array().unwrap().len();
    assert_eq!((shown, &me["more_memberships"]), (200, &json!(true)));
    let listed = member.get("/v1/organizations?limit=200").await.expect(200).json;
    assert_eq!(listed["items"].as_array().unwrap().len(), 200);
    stage.close().await;
}
