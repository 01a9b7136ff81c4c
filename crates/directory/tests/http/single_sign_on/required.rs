use contract::OrganizationId;
use contract::rpc::{AskedIds, MembershipsIn};
use service::CallContext;
use stage::Somebody;

use super::*;

const ADA: Somebody<'static> = Somebody::with_email("ada@corp.example");

#[tokio::test]
async fn what_does_not_stem_from_the_required_provider_does_not_act_for_the_organization() {
    let sso = SingleSignOn::set().await;
    let session = sso.session(&sso.sign_in(ADA).await.expect(201));
    let made = session.post("/v1/api-tokens", json!({"name": "laptop"})).await.expect(201);
    let token = sso.stage.anonymous().with_token(&made.field("token"));
    let made = token.post("/v1/api-tokens", json!({"name": "made by it"})).await.expect(201);
    let child = sso.stage.anonymous().with_token(&made.field("token"));
    sso.owner.get(&sso.path).await.expect(200);
    sso.change(&json!({"required": true})).await.expect(200);

    // From the next request on.
    let (answer, events) = sso.stage.events_of(sso.owner.get(&sso.path)).await;
    let detail = answer.problem(403, "single-sign-on-required");
    assert!(detail.contains(&sso.id), "{detail}");
    assert_eq!(events, ["access.refused"]);
    let answer = sso.owner.put(&sso.provider(), sso.setup()).await;
    answer.problem(403, "single-sign-on-required");
    let answer = sso.owner.get(&format!("{}/members", sso.path)).await;
    answer.problem(403, "single-sign-on-required");
    assert!(sso.owner.get("/v1/organizations").await.expect(200).ids().is_empty());
    let me = sso.owner.get("/v1/people/me").await.expect(200).json;
    assert_eq!(me["memberships"][0]["sign_in_required"], json!(true));
    assert_eq!(me["memberships"][0]["allowed"], json!([]));
    for caller in [&session, &token, &child] {
        caller.get(&sso.path).await.expect(200);
        let listed = caller.get("/v1/organizations").await.expect(200).ids();
        assert_eq!(listed, std::slice::from_ref(&sso.id));
        let me = caller.get("/v1/people/me").await.expect(200).json;
        assert_eq!(me["memberships"][0]["sign_in_required"], json!(false));
    }

    // The way back is an operator.
    let mut setup = sso.setup();
    setup["required"] = json!(false);
    sso.stage.operator.put(&sso.provider(), setup).await.expect(200);
    sso.owner.get(&sso.path).await.expect(200);
    sso.stage.close().await;
}

#[tokio::test]
async fn nothing_is_required_before_the_provider_is_in_effect_or_after_it_is_removed() {
    let sso = SingleSignOn::set().await;
    sso.confirm(&[]).await.expect(200);
    sso.change(&json!({"required": true})).await.expect(200);
    sso.owner.get(&sso.path).await.expect(200);
    sso.confirm(&[DOMAIN]).await.expect(200);
    sso.owner.get(&sso.path).await.problem(403, "single-sign-on-required");
    sso.stage.operator.delete(&sso.provider()).await.expect(204);
    sso.owner.get(&sso.path).await.expect(200);
    sso.stage.close().await;
}

#[tokio::test]
async fn another_provider_is_not_the_required_one() {
    let sso = SingleSignOn::set().await;
    let session = sso.session(&sso.sign_in(ADA).await.expect(201));
    let person = session.get("/v1/people/me").await.expect(200).field("id");
    let other = sso.stage.person("other").await;
    let path = other.organization().await;
    let member = json!({"person_id": person, "role": "developer"});
    sso.stage.operator.post(&format!("{path}/members"), member).await.expect(201);
    session.get(&path).await.expect(200);
    let mut required = setup("https://idp.example.com");
    required["domains"] = json!(["other.example"]);
    required["required"] = json!(true);
    other.put(&format!("{path}/identity-provider"), required).await.expect(200);
    let confirm = format!("{path}/identity-provider/confirm-domains");
    let domains = json!({"domains": ["other.example"]});
    sso.stage.operator.post(&confirm, domains).await.expect(200);
    session.get(&path).await.problem(403, "single-sign-on-required");
    session.get(&sso.path).await.expect(200);
    sso.stage.close().await;
}

#[tokio::test]
async fn other_services_are_told_which_memberships_a_credential_acts_in() {
    let sso = SingleSignOn::set().await;
    sso.change(&json!({"required": true})).await.expect(200);
    let provider = sso.stage.operator.get(&sso.provider()).await.expect(200).field("id");
    let organization: OrganizationId = sso.id.parse().unwrap();
    let (rpc, context) = (&sso.stage.resources.rpc, CallContext::new(&sso.stage.resources.env));
    for (identity_provider_id, acts) in [(None, 0), (Some(provider.parse().unwrap()), 1)] {
        let organization_ids = AskedIds::try_from(vec![organization]).unwrap();
        let asked =
            MembershipsIn { person_id: sso.owner.id, identity_provider_id, organization_ids };
        let known = rpc.call(&context, &asked).await.unwrap();
        assert_eq!((known.memberships.len(), known.sign_in_required.len()), (acts, 1 - acts));
    }
    sso.stage.close().await;
}
