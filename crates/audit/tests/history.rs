//! A long log, nearly all tokens: what was asked a customer's auditor waits for it no longer than in a short one.

#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use contract::environment::ManualClock;
use contract::{Environment, OrganizationId};
use service::MemberRole;
use sqlx::AssertSqlSafe;
use std::sync::Arc;
use support::{Events, World};
use uuid::Uuid;

/// With the log of `filled.sql`.
async fn filled() -> World {
    let world = World::new().await;
    let script = include_str!("support/filled.sql");
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&world.sql).await.unwrap();
    world
}

/// An id of that log.
fn id(kind: u128, number: u128) -> Uuid {
    Uuid::from_u128(0x0000_0000_0000_4000_8000_0000_0000_0000 | kind << 48 | number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_about_three_facts_among_tens_of_thousands_of_tokens_is_one_page_of_three() {
    let world = filled().await;
    world.directory().await;
    let audit = world.audit().await;
    let operator = world.people.operator(&world.env);
    let organization = OrganizationId::from_uuid(id(1, 1));
    let auditor = world.people.person(&world.env, &[(organization, MemberRole::Auditor)]);
    let (app, account) = (id(2, 1), id(3, 1));
    let edited = [25_000, 15_000, 5_000];
    let revoked = [26_000, 16_000, 6_000];
    let signed_in = [27_000, 17_000, 7_000];
    for (asked, positions, everybody) in [
        (format!("app_id={app}&type=mandate.app.*"), edited, true),
        (format!("organization_id={organization}&type=mandate.app.edited.v1"), edited, true),
        (
            format!("organization_id={organization}&app_id={app}&type=mandate.consent.*"),
            revoked,
            true,
        ),
        ("type=mandate.app.*".to_owned(), edited, true),
        (format!("account_id={account}"), revoked, true),
        (format!("actor=user/{}", id(4, 2)), revoked, true),
        ("type=mandate.sign-in.*".to_owned(), signed_in, false),
        (format!("stream=app/{app}"), edited, true),
    ] {
        let mut readers = vec![&operator];
        readers.extend(everybody.then_some(&auditor));
        for reader in readers {
            let page = audit.get(reader, &format!("/v1/events?{asked}")).await.expect(200).json;
            let items = page["items"].as_array().unwrap();
            let found: Vec<_> =
                items.iter().map(|item| item["position"].as_i64().unwrap()).collect();
            assert_eq!(found, positions, "{asked}");
            assert!(
                page["next_cursor"].is_null() && page["searched_to"].is_null(),
                "{asked}: {page}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_that_ends_early_says_up_to_where_it_has_looked() {
    let world = filled().await;
    let audit = world.audit().await;
    let operator = world.people.operator(&world.env);
    // Thousands are refused for the app; this person was none of them.
    let asked = format!("/v1/events?app_id={}&actor=user/{}&order=asc", id(2, 1), id(4, 1));
    let (mut found, mut cursor, mut searched_to) = (Vec::new(), String::new(), 0);
    loop {
        let page = audit.get(&operator, &format!("{asked}{cursor}")).await.expect(200).json;
        let items = page["items"].as_array().unwrap();
        found.extend(items.iter().map(|item| item["position"].as_i64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else {
            assert!(page["searched_to"].is_null(), "the end was reached");
            break;
        };
        let looked = page["searched_to"].as_i64().unwrap();
        assert!(looked > searched_to, "{looked} after {searched_to}");
        searched_to = looked;
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, [5_000, 15_000, 25_000]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_recorded_in_a_past_range_of_times_never_changes() {
    let world = filled().await;
    let audit = world.audit().await;
    let operator = world.people.operator(&world.env);
    let range = "from=2026-01-01T08:00:00Z&to=2026-01-01T08:15:00Z";
    let happened = range.replace("from", "occurred_from").replace("to=", "occurred_to=");
    let recorded = format!("/v1/events?{range}&order=asc");
    let happened = format!("/v1/events?type=mandate.app.created.v1&{happened}");
    let before = audit.positions(&operator, &recorded).await;
    assert_eq!(before, (28_800..29_700).collect::<Vec<i64>>());
    assert_eq!(audit.positions(&operator, &happened).await, [0; 0]);
    let log_ends = audit.get(&operator, "/v1/events").await;
    assert_eq!(log_ends.header("x-mandate-log-recorded-at"), "2026-01-01T08:20:00.000000Z");

    // An event of that time comes only now.
    let late = ManualClock::starting_at("2026-01-01T08:05:00Z".parse().unwrap());
    let env = Environment::with_clock(Arc::new(late));
    let (_, life) = Events::default().app(&env, world.env.new_id(), 1);
    world.publish(&life[0]).await;
    world.until_recorded(30_001).await;

    assert_eq!(audit.positions(&operator, &recorded).await, before);
    assert_eq!(audit.positions(&operator, &happened).await, [30_001]);
    let log_ends = audit.get(&operator, "/v1/events").await;
    assert!(log_ends.header("x-mandate-log-recorded-at") > "2026-01-01T08:20:00.000000Z");
}
