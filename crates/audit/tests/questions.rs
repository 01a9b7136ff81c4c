//! What is recorded can be asked for, by whoever may know.

mod support;

use axum::http::Method;
use contract::facts::{AppArchived, ConsentEndReason, ConsentRevoked};
use contract::{AccountId, AppId, GrantId, OrganizationId, Provenance, Service};
use insta::assert_json_snapshot;
use service::MemberRole;
use sqlx::AssertSqlSafe;
use stage::{eventually, redacted};
use support::{Events, World, acting};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_filter_finds_what_it_names_and_pages_join_up() {
    let world = World::new().await;
    let audit = world.audit().await;
    let events = Events::default();
    let operator = world.people.operator(&world.env);
    let (mine, other): (OrganizationId, OrganizationId) = (world.env.new_id(), world.env.new_id());
    let (app, life) = events.app(&world.env, mine, 7);
    let (_, others) = events.app(&world.env, other, 4);
    let account_id: AccountId = world.env.new_id();
    let grant_id: GrantId = world.env.new_id();
    let (provenance, _) = acting(&world.env, operator.id, mine);
    let revoked =
        ConsentRevoked { grant_id, app_id: app, account_id, reason: ConsentEndReason::Requested };
    let revoked = events.record(&world.env, grant_id.uuid(), &provenance, &revoked);
    for bytes in life.iter().chain(&others).chain([&revoked]) {
        world.publish(bytes).await;
    }
    world.until_recorded(12).await;

    let created = "type=mandate.app.created.v1";
    let at = async |column: &str| -> String {
        let text = format!(
            "SELECT to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
             FROM audit.entries WHERE position = 5"
        );
        sqlx::query_scalar(AssertSqlSafe(text)).fetch_one(&world.sql).await.unwrap()
    };
    // Several are recorded together.
    let recorded_before: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM audit.entries
         WHERE recorded_at < (SELECT recorded_at FROM audit.entries WHERE position = 5)",
    )
    .fetch_one(&world.sql)
    .await
    .unwrap();
    let time = at("recorded_at").await;
    let (from, to) = (format!("from={time}"), format!("to={time}"));
    let time = at("occurred_at").await;
    let (occurred_from, occurred_to) =
        (format!("occurred_from={time}"), format!("occurred_to={time}"));
    for (filter, positions) in [
        (String::new(), (1..=12).collect()),
        (created.to_owned(), vec![1, 8]),
        ("type=mandate.consent.*,mandate.app.created.v1".to_owned(), vec![1, 8, 12]),
        ("type=mandate.key.*".to_owned(), vec![]),
        (format!("organization_id={mine}"), vec![1, 2, 3, 4, 5, 6, 7, 12]),
        (format!("organization_id={mine}&{created}"), vec![1]),
        (format!("organization_id={other}&type=mandate.app.*"), vec![8, 9, 10, 11]),
        (format!("app_id={app}"), vec![1, 2, 3, 4, 5, 6, 7, 12]),
        (format!("app_id={app}&type=mandate.consent.*"), vec![12]),
        (format!("app_id={app}&organization_id={other}"), vec![]),
        (format!("account_id={account_id}"), vec![12]),
        (format!("actor={}", operator.actor()), vec![12]),
        ("actor=system/app-registry".to_owned(), (1..=11).collect()),
        (format!("actor=system/app-registry&organization_id={other}"), vec![8, 9, 10, 11]),
        (format!("stream=app/{app}"), (1..=7).collect()),
        (format!("stream=consent/{grant_id}&{created}"), vec![]),
        (from.clone(), (recorded_before + 1..=12).collect()),
        (to.clone(), (1..=recorded_before).collect()),
        (format!("{from}&{to}"), vec![]),
        (format!("{from}&type=mandate.consent.*"), vec![12]),
        (occurred_from.clone(), (5..=12).collect()),
        (occurred_to.clone(), (1..=4).collect()),
        (format!("{occurred_from}&{occurred_to}"), vec![]),
        (format!("{occurred_to}&{created}"), vec![1]),
    ] {
        for limit in [1, 3, 200] {
            let path = format!("/v1/events?order=asc&limit={limit}&{filter}");
            assert_eq!(audit.positions(&operator, &path).await, positions, "{path}");
            let path = format!("/v1/events?limit={limit}&{filter}");
            let mut backwards = audit.positions(&operator, &path).await;
            backwards.reverse();
            assert_eq!(backwards, positions, "{path}");
        }
    }
    // What comes after a position, and from where to go on: also where nothing is found.
    for (query, positions, last) in [
        (format!("after=0&limit=2&organization_id={mine}"), vec![1, 2], 2),
        (format!("after=5&{created}"), vec![8], 12),
        (format!("after=8&{created}"), vec![], 12),
        (format!("after=5&limit=2&organization_id={mine}"), vec![6, 7], 7),
        (format!("after=12&organization_id={mine}"), vec![], 12),
        (String::from("limit=2"), vec![12, 11], 12),
    ] {
        let page = audit.get(&operator, &format!("/v1/events?{query}")).await.expect(200).json;
        let items = page["items"].as_array().unwrap();
        let found: Vec<_> = items.iter().map(|item| item["position"].as_i64().unwrap()).collect();
        assert_eq!((found, page["last_position"].as_i64()), (positions, Some(last)), "{query}");
    }
    audit.get(&operator, "/v1/events?after=13").await.refuses_fields(&["after"]);
    let page = audit.get(&operator, "/v1/events?limit=2").await;
    // Older pages do not deal with what came since the first.
    let older = page.field("next_cursor");
    let older = audit.get(&operator, &format!("/v1/events?limit=2&cursor={older}")).await;
    assert_eq!(older.json["last_position"], 10);
    assert_eq!(page.header("x-mandate-log-size"), "12");
    assert!(page.header("link").ends_with("; rel=\"next\""));
    assert_eq!(page.json["items"][0]["event"]["type"], "mandate.consent.revoked.v1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_parameters_are_all_named() {
    let world = World::new().await;
    let audit = world.audit().await;
    let operator = world.people.operator(&world.env);
    let wrong = audit.get(&operator, "/v1/events?app_id=7&limit=0&form=x").await;
    wrong.refuses_fields(&["app_id", "limit", "form"]);
    audit.get(&operator, "/v1/events?cursor=!").await.refuses_fields(&["cursor"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paging_while_events_are_recorded_misses_none_and_doubles_none() {
    let world = World::new().await;
    let (one, two) = (world.audit().await, world.audit().await);
    let events = Events::default();
    world.producer(&events).await;
    let operator = world.people.operator(&world.env);
    let load = async {
        for _ in 0..20 {
            let (_, life) = events.app(&world.env, world.env.new_id(), 25);
            for bytes in &life {
                world.publish(bytes).await;
            }
        }
    };
    let reading = async {
        let mut seen = Vec::new();
        let mut after = 0;
        eventually("everything is read", async || world.recorded().await > 0).await;
        while seen.len() < 500 {
            // Also past the end, where the page is empty and there is no cursor.
            let page = one.get(&operator, &format!("/v1/events?after={after}&limit=7")).await;
            let size: i64 = page.header("x-mandate-log-size").parse().unwrap();
            let items = page.json["items"].as_array().unwrap();
            seen.extend(items.iter().map(|item| item["position"].as_i64().unwrap()));
            after = page.json["last_position"].as_i64().unwrap();
            assert!(after <= size && seen.last().is_none_or(|last| *last <= after));
        }
        seen
    };
    let ((), seen) = tokio::join!(load, reading);
    assert_eq!(seen, (1..=500).collect::<Vec<_>>());
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_sees_what_is_their_business_and_nothing_else() {
    let world = World::new().await;
    world.directory().await;
    let audit = world.audit().await;
    let events = Events::default();
    let (mine, other): (OrganizationId, OrganizationId) = (world.env.new_id(), world.env.new_id());
    let auditor = world.people.person(&world.env, &[(mine, MemberRole::Auditor)]);
    let holder = world.people.person(&world.env, &[]);
    let stranger = world.people.person(&world.env, &[]);
    let account_id: AccountId = world.env.new_id();
    *world.people.account_holder.lock().unwrap() = Some((holder.id, account_id));

    let (_, life) = events.app(&world.env, mine, 2);
    let (_, others) = events.app(&world.env, other, 2);
    let grant_id: GrantId = world.env.new_id();
    let provenance = Provenance::system(Service::AppRegistry, Some(other), world.env.new_id());
    let app_id: AppId = world.env.new_id();
    let revoked =
        ConsentRevoked { grant_id, app_id, account_id, reason: ConsentEndReason::Requested };
    let revoked = events.record(&world.env, grant_id.uuid(), &provenance, &revoked);
    for bytes in life.iter().chain(&others).chain([&revoked]) {
        world.publish(bytes).await;
    }
    world.until_recorded(5).await;

    assert_eq!(audit.positions(&auditor, "/v1/events?order=asc").await, [1, 2]);
    assert_eq!(
        audit.positions(&auditor, &format!("/v1/events?organization_id={mine}")).await,
        [2, 1]
    );
    assert_eq!(
        audit.positions(&auditor, &format!("/v1/events?account_id={account_id}")).await,
        [0; 0]
    );
    assert_eq!(audit.positions(&holder, &format!("/v1/events?account_id={account_id}")).await, [5]);
    for (who, query, status) in [
        (&auditor, format!("?organization_id={other}"), 404),
        (&holder, String::new(), 403),
        (&stranger, format!("?account_id={account_id}"), 404),
        (&stranger, format!("?organization_id={mine}"), 404),
    ] {
        audit.get(who, &format!("/v1/events{query}")).await.expect(status);
    }
    let id = |bytes: &[u8]| contract::Envelope::parse(bytes).unwrap().id;
    for (who, bytes, status) in [
        (&auditor, &life[0], 200),
        (&auditor, &others[0], 404),
        (&holder, &revoked, 200),
        (&holder, &others[0], 404),
        (&stranger, &revoked, 404),
    ] {
        audit.get(who, &format!("/v1/events/{}", id(bytes))).await.expect(status);
    }
    audit.get(&auditor, "/v1/events/none").await.expect(404);

    let path = format!("/v1/events/{}", id(&life[1]));
    let request = audit.client(&auditor).request(Method::GET, &path);
    let answer = request.header("accept", "application/cloudevents+json").send().await;
    assert_eq!(answer.header("content-type"), "application/cloudevents+json");
    assert_eq!(answer.body, life[1], "the exact bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_very_many_organizations_see_the_events_of_theirs() {
    let world = World::new().await;
    let audit = world.audit().await;
    let events = Events::default();
    let (mine, other): (OrganizationId, OrganizationId) = (world.env.new_id(), world.env.new_id());
    // Others can make somebody a member of any number; the one in question comes after them.
    let mut memberships: Vec<_> =
        (0..2_000).map(|_| (world.env.new_id(), MemberRole::Auditor)).collect();
    memberships.push((mine, MemberRole::Auditor));
    let member = world.people.person(&world.env, &memberships);
    let (_, life) = events.app(&world.env, mine, 3);
    let (_, others) = events.app(&world.env, other, 3);
    // Positions 1, 3 and 5 are of the member's organization.
    for (own, foreign) in life.iter().zip(&others) {
        world.publish(own).await;
        world.publish(foreign).await;
    }
    world.until_recorded(6).await;

    assert_eq!(audit.positions(&member, "/v1/events").await, [5, 3, 1]);
    assert_eq!(audit.positions(&member, "/v1/events?order=asc").await, [1, 3, 5]);
    let first = audit.get(&member, "/v1/events?limit=2").await.expect(200);
    let next = format!("/v1/events?limit=2&cursor={}", first.field("next_cursor"));
    assert_eq!(audit.positions(&member, &next).await, [1]);
    let of = |organization| format!("/v1/events?organization_id={organization}");
    assert_eq!(audit.positions(&member, &of(mine)).await, [5, 3, 1]);
    audit.get(&member, &of(other)).await.expect(404);
    let id = |bytes: &[u8]| contract::Envelope::parse(bytes).unwrap().id;
    audit.get(&member, &format!("/v1/events/{}", id(&life[0]))).await.expect(200);
    audit.get(&member, &format!("/v1/events/{}", id(&others[0]))).await.expect(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_endpoint_answers_as_the_snapshots_say() {
    let world = World::new().await;
    let audit = world.audit().await;
    let organization: OrganizationId = world.env.new_id();
    let owner = world.people.person(&world.env, &[(organization, MemberRole::Owner)]);
    let stranger = world.people.person(&world.env, &[]);
    let (provenance, parts) = acting(&world.env, owner.id, organization);
    let app_id: AppId = world.env.new_id();
    let (app, fact) = (app_id.uuid(), AppArchived { app_id });
    let event = Events::default().record_with(&world.env, app, &provenance, parts, &fact);
    world.publish_with(&event).await;
    world.until_recorded(1).await;
    let path = format!("/v1/events/{}", contract::Envelope::parse(&event.event).unwrap().id);
    assert_json_snapshot!("list", redacted(&audit.get(&owner, "/v1/events").await));
    assert_json_snapshot!("read", redacted(&audit.get(&owner, &path).await));
    assert_json_snapshot!("not_found", redacted(&audit.get(&stranger, &path).await));
    assert_json_snapshot!("role_not_allowed", redacted(&audit.get(&stranger, "/v1/events").await));
    let wrong = audit.get(&owner, "/v1/events?app_id=7&limit=0&form=x").await;
    assert_json_snapshot!("invalid_request", redacted(&wrong));
}
