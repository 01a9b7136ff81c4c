//! What is recorded can be asked for, by whoever may know.

mod support;

use std::collections::HashSet;

use axum::http::StatusCode;
use contract::facts::{AppArchived, ConsentEndReason, ConsentRevoked};
use contract::{AccountId, AppId, GrantId, OrganizationId, Provenance, Sealed, Service};
use eventstore::transport::AUDIT;
use service::{MemberRole, Membership};
use support::{Events, World, acting, until};

fn member(organization_id: OrganizationId, role: MemberRole) -> Vec<Membership> {
    vec![Membership { organization_id, role }]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_filter_finds_what_it_names_and_pages_join_up() {
    let world = World::new().await;
    let audit = world.audit().await;
    let events = Events::default();
    let (operator, person) = world.people.add(&world.env, true, Vec::new());
    let (mine, other): (OrganizationId, OrganizationId) = (world.env.new_id(), world.env.new_id());
    let (app, life) = events.app(&world.env, mine, 7);
    let (_, others) = events.app(&world.env, other, 4);
    let account_id: AccountId = world.env.new_id();
    let grant_id: GrantId = world.env.new_id();
    let (provenance, _) = acting(&world.env, person, mine);
    let revoked =
        ConsentRevoked { grant_id, app_id: app, account_id, reason: ConsentEndReason::Requested };
    let revoked = events.record(&world.env, grant_id.uuid(), &provenance, None, &revoked);
    for bytes in life.iter().chain(&others).chain([&revoked]) {
        world.publish(bytes).await;
    }
    world.until_recorded(12).await;

    let created = "type=mandate.app.created.v1";
    let time: String = sqlx::query_scalar(
        "SELECT to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
         FROM audit.entries WHERE position = 5",
    )
    .fetch_one(&world.sql)
    .await
    .unwrap();
    let (from, to) = (format!("from={time}"), format!("to={time}"));
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
        (format!("actor=user/{person}"), vec![12]),
        ("actor=system/app-registry".to_owned(), (1..=11).collect()),
        (format!("actor=system/app-registry&organization_id={other}"), vec![8, 9, 10, 11]),
        (format!("stream=app/{app}"), (1..=7).collect()),
        (format!("stream=consent/{grant_id}&{created}"), vec![]),
        (from.clone(), (5..=12).collect()),
        (to.clone(), (1..=4).collect()),
        (format!("{from}&{to}"), vec![]),
        (format!("{to}&{created}"), vec![1]),
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
    let (_, headers, page) = audit.get(&operator, "/v1/events?limit=2").await;
    assert_eq!(headers["x-mandate-log-size"], "12");
    assert!(headers["link"].to_str().unwrap().ends_with("; rel=\"next\""));
    assert_eq!(page["items"][0]["event"]["type"], "mandate.consent.revoked.v1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_parameters_are_all_named() {
    let world = World::new().await;
    let audit = world.audit().await;
    let (operator, _) = world.people.add(&world.env, true, Vec::new());
    let (status, _, problem) = audit.get(&operator, "/v1/events?app_id=7&limit=0&form=x").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["app_id", "limit", "form"]);
    let (status, _, problem) = audit.get(&operator, "/v1/events?cursor=!").await;
    assert_eq!((status.as_u16(), problem["errors"][0]["field"].as_str()), (422, Some("cursor")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paging_while_events_are_recorded_misses_none_and_doubles_none() {
    let world = World::new().await;
    let (one, two) = (world.audit().await, world.audit().await);
    let events = Events::default();
    world.producer(&events).await;
    let (operator, _) = world.people.add(&world.env, true, Vec::new());
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
        let mut after = String::new();
        until("everything is read", async || world.recorded().await > 0).await;
        while seen.len() < 500 {
            let (_, headers, page) =
                one.get(&operator, &format!("/v1/events?order=asc&limit=7{after}")).await;
            let size: i64 = headers["x-mandate-log-size"].to_str().unwrap().parse().unwrap();
            let items = page["items"].as_array().unwrap();
            seen.extend(items.iter().map(|item| item["position"].as_i64().unwrap()));
            assert!(seen.last().is_none_or(|last| *last <= size));
            if let Some(last) = seen.last() {
                // At the end of the log there is no cursor yet; go on from the last position.
                let cursor = service::http::encode_cursor(last).unwrap();
                after = format!("&cursor={cursor}");
            }
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
    let (auditor, _) = world.people.add(&world.env, false, member(mine, MemberRole::Auditor));
    let (holder, holder_id) = world.people.add(&world.env, false, Vec::new());
    let (stranger, _) = world.people.add(&world.env, false, Vec::new());
    let account_id: AccountId = world.env.new_id();
    *world.people.account_holder.lock().unwrap() = Some((holder_id, account_id));

    let (_, life) = events.app(&world.env, mine, 2);
    let (_, others) = events.app(&world.env, other, 2);
    let grant_id: GrantId = world.env.new_id();
    let provenance = Provenance::system(Service::AppRegistry, Some(other), world.env.new_id());
    let app_id: AppId = world.env.new_id();
    let revoked =
        ConsentRevoked { grant_id, app_id, account_id, reason: ConsentEndReason::Requested };
    let revoked = events.record(&world.env, grant_id.uuid(), &provenance, None, &revoked);
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
    for (token, query, status) in [
        (&auditor, format!("?organization_id={other}"), 404),
        (&holder, String::new(), 403),
        (&stranger, format!("?account_id={account_id}"), 404),
        (&stranger, format!("?organization_id={mine}"), 404),
    ] {
        let (answered, _, problem) = audit.get(token, &format!("/v1/events{query}")).await;
        assert_eq!(answered.as_u16(), status, "{query}: {problem}");
    }
    let id = |bytes: &[u8]| contract::Envelope::parse(bytes).unwrap().id;
    for (token, bytes, status) in [
        (&auditor, &life[0], 200),
        (&auditor, &others[0], 404),
        (&holder, &revoked, 200),
        (&holder, &others[0], 404),
        (&stranger, &revoked, 404),
    ] {
        let (answered, ..) = audit.get(token, &format!("/v1/events/{}", id(bytes))).await;
        assert_eq!(answered.as_u16(), status);
    }
    let (status, ..) = audit.get(&auditor, "/v1/events/none").await;
    assert_eq!(status, StatusCode::NOT_FOUND);

    let path = format!("/v1/events/{}", id(&life[1]));
    let (_, headers, bytes) = audit.get_as(&auditor, &path, "application/cloudevents+json").await;
    assert_eq!(headers["content-type"], "application/cloudevents+json");
    assert_eq!(bytes, life[1], "the exact bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_context_is_shown_to_those_allowed_if_it_keeps_its_events_commitment() {
    let world = World::new().await;
    let audit = world.audit().await;
    let events = Events::default();
    let organization: OrganizationId = world.env.new_id();
    let (operator, _) = world.people.add(&world.env, true, Vec::new());
    let (owner, owner_id) =
        world.people.add(&world.env, false, member(organization, MemberRole::Owner));
    let (auditor, _) =
        world.people.add(&world.env, false, member(organization, MemberRole::Auditor));
    let (provenance, sealed) = acting(&world.env, owner_id, organization);
    let app_id: AppId = world.env.new_id();
    let event = events.record(
        &world.env,
        app_id.uuid(),
        &provenance,
        Some(&sealed),
        &AppArchived { app_id },
    );
    let forged = Sealed { salt: sealed.salt, bytes: br#"{"address":"203.0.113.9"}"#.to_vec() };

    // A forged one comes first, with the event: the event is recorded, the context is not.
    world.publish_with_context(&event, Some(&forged)).await;
    world.until_recorded(1).await;
    let conflicts = async || world.count("SELECT count(*) FROM audit.conflicts").await;
    assert_eq!(conflicts().await, 1, "the forged one is noted");
    let (_, _, page) = audit.get(&operator, "/v1/events").await;
    assert!(page["items"][0].get("context").is_none(), "{page}");

    // The event comes again, with its own; then with the forged one once more.
    world.publish_with_context(&event, Some(&sealed)).await;
    let kept = "SELECT count(*) FROM audit.entry_contexts";
    until("the true one is kept", async || world.count(kept).await == 1).await;
    world.publish_with_context(&event, Some(&forged)).await;
    until("the work queue forgets", async || {
        let queue = world.transport.stream(AUDIT).await.unwrap();
        queue.cached_info().state.messages == 0
    })
    .await;
    assert_eq!((world.count(kept).await, conflicts().await), (1, 1));
    for (token, shown) in [(&operator, true), (&owner, true), (&auditor, false)] {
        let (_, _, page) = audit.get(token, "/v1/events").await;
        assert_eq!(page["items"][0]["context"]["address"].as_str(), shown.then_some("192.0.2.1"));
    }
    assert!(audit.health.readiness().await.checks["audit/conflicts"].ok, "it contradicts no event");
    let distinct: HashSet<i64> =
        audit.positions(&operator, "/v1/events?limit=1").await.into_iter().collect();
    assert_eq!(distinct, HashSet::from([1]));
}
