//! What the other services ask over NATS.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use contract::rpc::{
    AccountRole, AccountRolesOf, AskedIds, Authenticate, FindConsenter, GetOrganization,
    HeldAccounts, MAX_KNOWN_MEMBERSHIPS, MatchingAccounts, MemberRole, MembershipsIn, NameAccounts,
    NameOrganizations, NamePeople, VisibleAccounts,
};
use contract::secret::{BearerKind, SecretHash};
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
    let asked = |token_sha256| Authenticate { token_sha256, kind: BearerKind::ApiToken };
    let hash = hex::encode(SecretHash::of(token).0);
    let person = rpc.call(&context, &asked(hash)).await.unwrap().unwrap();
    assert_eq!((person.person_id, person.operator), (owner.id, false));
    assert_eq!(person.memberships[0].role, MemberRole::Owner);
    for unknown in [String::new(), "0".repeat(64)] {
        assert!(rpc.call(&context, &asked(unknown)).await.unwrap().is_none());
    }

    let view = rpc.call(&context, &GetOrganization { organization_id }).await.unwrap().unwrap();
    assert_eq!((view.name.as_str(), view.confirmed), ("Example Apps", false));

    let asked = VisibleAccounts {
        person_id: analyst.id,
        service: "retail_media".into(),
        consent_roles: vec![AccountRole::Admin],
        q: None,
        after: None,
        limit: VisibleAccounts::MOST,
    };
    let visible = rpc.call(&context, &asked).await.unwrap();
    assert_eq!(visible.after, None);
    let visible = visible.accounts;
    assert_eq!((visible.len(), visible[0].role), (1, AccountRole::Analyst));
    assert_eq!((&visible[0].consenters, visible[0].more_consenters), (&vec![owner.id], false));
    let elsewhere = VisibleAccounts { service: "marketing_solutions".into(), ..asked };
    assert!(rpc.call(&context, &elsewhere).await.unwrap().accounts.is_empty());

    let held = HeldAccounts { person_id: analyst.id, after: None };
    let held = rpc.call(&context, &held).await.unwrap();
    assert_eq!((held.account_ids, held.after), (vec![visible[0].id], None));
    let ids = AskedIds::one(visible[0].id);
    let roles = AccountRolesOf { person_id: analyst.id, account_ids: ids.clone() };
    assert_eq!(rpc.call(&context, &roles).await.unwrap()[0].role, AccountRole::Analyst);
    let none = AskedIds::try_from(Vec::new()).unwrap();
    let none = AccountRolesOf { person_id: analyst.id, account_ids: none };
    assert!(rpc.call(&context, &none).await.unwrap().is_empty());
    let names = rpc.call(&context, &NameAccounts { account_ids: ids }).await.unwrap();
    assert_eq!(names[0].name, "Shop");
    let asked = NameOrganizations { organization_ids: AskedIds::one(organization_id) };
    let organizations = rpc.call(&context, &asked).await.unwrap();
    assert_eq!(organizations.len(), 1);
    assert_eq!(organizations[0].organization_id, organization_id);
    assert_eq!(organizations[0].name, "Example Apps");
    let people = AskedIds::try_from(vec![owner.id, analyst.id]).unwrap();
    let people = NamePeople { person_ids: people };
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
    let token_sha256 = hex::encode(SecretHash::of(token).0);
    let asked = Authenticate { token_sha256, kind: BearerKind::ApiToken };
    let last = flood(&stage, member.id, 20_000).await;
    let person = rpc.call(&context, &asked).await.unwrap().unwrap();
    assert_eq!((person.memberships.len(), person.more_memberships), (MAX_KNOWN_MEMBERSHIPS, true));
    assert!(person.memberships.iter().all(|known| known.organization_id != last));

    // The role in the one that a request is about is asked for.
    let organization_ids = AskedIds::try_from(vec![last, stage.resources.env.new_id()]).unwrap();
    let question =
        MembershipsIn { person_id: member.id, identity_provider_id: None, organization_ids };
    let found = rpc.call(&context, &question).await.unwrap().memberships;
    assert_eq!((found.len(), found[0].role), (1, MemberRole::Auditor));
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

#[tokio::test]
async fn the_accounts_that_a_person_sees_come_in_pages_and_can_be_searched() {
    let stage = Stage::set().await;
    let (admin, analyst) = (stage.person("admin").await, stage.person("analyst").await);
    let mut lines = String::new();
    for number in 0..7 {
        for (email, role) in [("admin@example.com", "admin"), ("analyst@example.com", "analyst")] {
            writeln!(lines, "Shop {number}%,advertiser,retail_media,A-{number},{email},{role}")
                .unwrap();
        }
    }
    lines += "Elsewhere,publisher,marketing_solutions,B-1,analyst@example.com,analyst\n";
    stage.operator.import("", &lines).await.expect(200);
    // More people who may consent for one of them than an answer names.
    let mut more = String::new();
    for number in 0..10 {
        let email = format!("other{number}");
        stage.person(&email).await;
        writeln!(more, "Shop 3%,advertiser,retail_media,A-3,{email}@example.com,admin").unwrap();
    }
    stage.operator.import("", &more).await.expect(200);

    let (rpc, context) = (&stage.resources.rpc, CallContext::new(&stage.resources.env));
    let first = VisibleAccounts {
        person_id: analyst.id,
        service: "retail_media".into(),
        consent_roles: vec![AccountRole::Admin, AccountRole::BusinessManager],
        q: None,
        after: None,
        limit: 3,
    };
    let mut asked = first.clone();
    let mut found = Vec::new();
    for length in [3, 3, 1] {
        let page = rpc.call(&context, &asked).await.unwrap();
        assert_eq!(page.accounts.len(), length);
        assert_eq!(page.after.is_some(), length == 3);
        asked.after = page.after;
        found.extend(page.accounts);
    }
    assert!(found.is_sorted_by_key(|account| account.id));
    for account in &found {
        let many = account.name == "Shop 3%";
        assert_eq!(account.consenters.len(), if many { 10 } else { 1 }, "{account:?}");
        assert_eq!(account.more_consenters, many);
        assert!(many || account.consenters == [admin.id], "{account:?}");
    }
    for (name, many) in [("SHOP", 3), ("p 5%", 1), ("%%", 0), ("shop_1", 0)] {
        let searched = VisibleAccounts { q: Some(name.to_owned()), ..first.clone() };
        assert_eq!(rpc.call(&context, &searched).await.unwrap().accounts.len(), many, "{name}");
    }
    // Whoever may consent needs nobody else.
    let own = VisibleAccounts { person_id: admin.id, ..first };
    let own = rpc.call(&context, &own).await.unwrap().accounts;
    assert!(own.iter().all(|account| account.consenters.is_empty()));
    stage.close().await;
}

#[tokio::test]
async fn accounts_are_found_whatever_their_case_and_accents_and_come_by_role() {
    let stage = Stage::set().await;
    let person = stage.person("holder").await;
    let lines = "Pâtisserie Œil,advertiser,retail_media,FR-1,holder@example.com,admin\n\
                 PATISSERIE OEIL,advertiser,retail_media,FR-2,holder@example.com,viewer\n\
                 Straße Łódź Øresund,advertiser,retail_media,ÉU-3,holder@example.com,admin\n\
                 Kiosk 50%,advertiser,retail_media,K-1,holder@example.com,analyst\n\
                 Pâtisserie Œil,publisher,marketing_solutions,FR-4,holder@example.com,admin\n";
    stage.operator.import("", lines).await.expect(200);
    let (rpc, context) = (&stage.resources.rpc, CallContext::new(&stage.resources.env));
    let all = MatchingAccounts {
        person_id: person.id,
        service: "retail_media".into(),
        q: None,
        after: None,
    };
    for (q, found) in [
        ("patisserie oeil", 2),
        ("PÂTISSERIE", 2),
        ("p\u{e2}tisserie", 2),
        ("pa\u{302}tisserie", 2),
        ("strasse lodz", 1),
        ("ØRESUND", 1),
        ("fr-", 2),
        ("eu-3", 1),
        ("0%", 1),
        ("kiosk_", 0),
        // The end of a name and the beginning of an external id are no word.
        ("oeilfr", 0),
        ("", 4),
    ] {
        let asked = MatchingAccounts { q: Some(q.to_owned()), ..all.clone() };
        let page = rpc.call(&context, &asked).await.unwrap();
        let count: usize = page.by_role.iter().map(|held| held.account_ids.len()).sum();
        assert_eq!((count, page.after), (found, None), "{q}");
        let visible = VisibleAccounts {
            person_id: person.id,
            service: "retail_media".into(),
            consent_roles: vec![AccountRole::Admin],
            q: Some(q.to_owned()),
            after: None,
            limit: VisibleAccounts::MOST,
        };
        let visible = rpc.call(&context, &visible).await.unwrap().accounts;
        assert_eq!(visible.len(), found, "{q}");
    }
    let page = rpc.call(&context, &all).await.unwrap();
    let counts: BTreeMap<&str, usize> =
        page.by_role.iter().map(|held| (held.role.as_str(), held.account_ids.len())).collect();
    assert_eq!(counts, [("admin", 2), ("analyst", 1), ("viewer", 1)].into());
    assert!(page.by_role.iter().all(|held| held.account_ids.is_sorted()));

    // A name that changes is found as it is now.
    let renamed = "Crêperie,advertiser,retail_media,FR-1,holder@example.com,admin\n";
    stage.operator.import("", renamed).await.expect(200);
    for (q, found) in [("creperie", 1), ("patisserie", 1), ("fr-1", 1)] {
        let asked = MatchingAccounts { q: Some(q.to_owned()), ..all.clone() };
        let page = rpc.call(&context, &asked).await.unwrap();
        assert_eq!(page.by_role[0].account_ids.len(), found, "{q}");
    }
    stage.close().await;
}

#[tokio::test]
async fn who_may_consent_is_who_holds_such_a_role_and_can_sign_in() {
    let stage = Stage::set().await;
    let (admin, analyst) = (stage.person("admin").await, stage.person("analyst").await);
    let lines = "Shop,advertiser,retail_media,A-1,admin@example.com,admin\n\
                 Shop,advertiser,retail_media,A-1,analyst@example.com,analyst\n";
    stage.operator.import("", lines).await.expect(200);
    let (rpc, context) = (&stage.resources.rpc, CallContext::new(&stage.resources.env));
    let held = HeldAccounts { person_id: admin.id, after: None };
    let account_id = rpc.call(&context, &held).await.unwrap().account_ids[0];
    let may = async |person_id, consent_roles: &[AccountRole]| {
        let consent_roles = consent_roles.to_vec();
        let asked = FindConsenter { person_id, account_id, consent_roles };
        rpc.call(&context, &asked).await.unwrap()
    };
    let roles = [AccountRole::BusinessManager, AccountRole::Admin];
    assert_eq!(may(admin.id, &roles).await, Some(AccountRole::Admin));
    assert_eq!(may(admin.id, &[AccountRole::BusinessManager]).await, None);
    assert_eq!(may(admin.id, &[]).await, None);
    assert_eq!(may(analyst.id, &roles).await, None);
    assert_eq!(may(stage.resources.env.new_id(), &roles).await, None);
    stage
        .operator
        .post(&format!("/v1/people/{}/deactivate", admin.id), json!({}))
        .await
        .expect(200);
    assert_eq!(may(admin.id, &roles).await, None);
    stage.close().await;
}
