//! What the other services ask over NATS.

use contract::rpc::{
    AccountRole, AccountRolesOf, Authenticate, GetOrganization, MemberRole, NameAccounts,
    NamePeople, VisibleAccounts,
};
use contract::secret::SecretHash;
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
