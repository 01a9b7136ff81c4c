//! The end of an app that has very many links and grants: it decides at once, takes seconds, and holds up nobody.

use consent_broker::Settings;
use contract::facts::AppArchived;
use contract::rpc::AccountRole;
use contract::{AppId, Provenance, Service, Version};
use serde_json::json;
use service::Resources;
use stage::eventually;

use crate::stage::{Stage, settings};

/// Gives an app so many unused links and live grants, as if they had been made one by one.
async fn fill(stage: &Stage, app: AppId, links: i32, grants: i32) {
    let statements = [
        "INSERT INTO consent_broker.apps (id, organization_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        "INSERT INTO consent_broker.links
            (id, app_id, organization_id, token_hash, hint, created_by, created_at, expires_at, state, version)
         SELECT gen_random_uuid(), $1, $2, sha256(($1::text || n)::bytea), 'abcd', $2, $5::timestamptz, $5::timestamptz + interval '1 day',
                'pending', 1
         FROM generate_series(1, $3::int) AS n WHERE $4::int >= 0",
        "INSERT INTO consent_broker.grants
            (id, app_id, organization_id, account_id, link_id, service, domains, granted_by, role, granted_at, version)
         SELECT gen_random_uuid(), $1, $2, gen_random_uuid(), (SELECT id FROM consent_broker.links WHERE app_id = $1 LIMIT 1),
                'retail_media', '[]', $2, 'admin', $5::timestamptz, 1
         FROM generate_series(1, $4::int) AS n WHERE $3::int >= 0",
        "INSERT INTO consent_broker.events (id, stream_kind, stream_id, version, type, occurred_at, envelope)
         SELECT gen_random_uuid(), kind, id, 1, 'mandate.test.made.v1', $5::timestamptz, '{}'
         FROM (SELECT 'consent-link' AS kind, id FROM consent_broker.links WHERE app_id = $1
               UNION ALL SELECT 'consent', id FROM consent_broker.grants WHERE app_id = $1) AS made
         WHERE $2::uuid IS NOT NULL AND $3::int >= 0 AND $4::int >= 0",
    ];
    let now = stage.env().now();
    for (place, statement) in statements.into_iter().enumerate() {
        let query = sqlx::query(statement).bind(app.uuid()).bind(stage.organization.uuid());
        let query = if place == 0 { query } else { query.bind(links).bind(grants).bind(now) };
        query.execute(&stage.pool).await.unwrap();
    }
}

/// An app registry that relays its events, and answers whoever misses some.
async fn registry(stage: &Stage) -> Resources {
    let registry = stage.other_host(Service::AppRegistry).await;
    registry.serve_producer_rpc(std::time::Duration::from_mins(1)).await.unwrap();
    registry.start_relays();
    registry
}

async fn archive(stage: &Stage, registry: &Resources, app: AppId) {
    let environment = stage.env();
    let provenance =
        Provenance::system(Service::AppRegistry, Some(stage.organization), environment.new_id());
    let mut unit = registry.events.begin(&provenance);
    unit.record(app.uuid(), Version::FIRST, &AppArchived { app_id: app }).unwrap();
    unit.commit().await.unwrap();
}

/// What is left of an app: open links and live grants.
async fn left(stage: &Stage, app: AppId) -> (i64, i64) {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM consent_broker.links WHERE app_id = $1 AND state IN ('pending', 'opened')),
                (SELECT count(*) FROM consent_broker.grants WHERE app_id = $1 AND ended_at IS NULL)",
    )
    .bind(app.uuid())
    .fetch_one(&stage.pool)
    .await
    .unwrap()
}

async fn ended(stage: &Stage, app: AppId) -> bool {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM consent_broker.apps WHERE id = $1 AND archived_at IS NOT NULL)",
    )
    .bind(app.uuid())
    .fetch_one(&stage.pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_large_app_holds_up_no_other_and_each_event_comes_once() {
    let stage = Stage::set().await;
    let registry = registry(&stage).await;
    fill(&stage, stage.app, 5_000, 1_200).await;
    let small = stage.remote.app(stage.env(), stage.organization, "retail_media");
    stage.link_of(small).await;

    // Somebody is using one of its links: that must not keep others waiting, however long it takes.
    let mut user = stage.pool.begin().await.unwrap();
    sqlx::query(
        "SELECT FROM consent_broker.links WHERE app_id = $1 ORDER BY id LIMIT 1 FOR UPDATE",
    )
    .bind(stage.app.uuid())
    .execute(&mut *user)
    .await
    .unwrap();
    archive(&stage, &registry, stage.app).await;
    archive(&stage, &registry, small).await;
    eventually("both ends are known", async || {
        ended(&stage, stage.app).await && ended(&stage, small).await
    })
    .await;
    eventually("the other app's link ends", async || left(&stage, small).await == (0, 0)).await;
    eventually("all but the link in use end", async || left(&stage, stage.app).await == (1, 1_200))
        .await;
    user.rollback().await.unwrap();
    eventually("nothing is left", async || left(&stage, stage.app).await == (0, 0)).await;

    let counts: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT type, count(*), count(DISTINCT stream_id) FROM consent_broker.events
         WHERE version = 2 GROUP BY type ORDER BY type",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    let expected =
        [("mandate.consent-link.revoked.v1", 5_001), ("mandate.consent.revoked.v1", 1_200)];
    let expected = expected.map(|(kind, count)| (kind.to_owned(), count, count));
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn from_the_moment_at_which_an_app_is_known_to_have_ended_nothing_of_it_counts() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    stage.granted(&holder, &[account]).await;
    let (_, token) = stage.link().await;
    // The rest is left to be done: as long as nobody does it, all links and grants are there. The app
    // registry still says that the app is active.
    sqlx::query("UPDATE consent_broker.apps SET archived_at = now() WHERE id = $1")
        .bind(stage.app.uuid())
        .execute(&stage.pool)
        .await
        .unwrap();
    assert_eq!(left(&stage, stage.app).await, (1, 1));
    assert!(stage.reached().await.is_empty());
    holder.approve(&token, &[account]).await.problem(410, "link-revoked");
    holder.deny(&token).await.problem(410, "link-revoked");
    let links = format!("/v1/apps/{}/consent-links", stage.app);
    stage.developer.post(&links, json!({})).await.problem(409, "app-not-active");
}

#[tokio::test]
async fn of_an_app_of_which_not_all_is_known_nothing_is_decided() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    stage.granted(&holder, &[account]).await;
    let (_, token) = stage.link().await;
    sqlx::query(
        "INSERT INTO consent_broker.parked_streams (consumer, stream_id, head, reason, retry_at)
         VALUES ('consent-broker-apps', $1, 3, 'a test', 'infinity')",
    )
    .bind(stage.app.uuid())
    .execute(&stage.pool)
    .await
    .unwrap();
    let links = format!("/v1/apps/{}/consent-links", stage.app);
    stage.developer.post(&links, json!({})).await.problem(503, "unavailable");
    holder.open(&token).await.problem(503, "unavailable");
    holder.approve(&token, &[account]).await.problem(503, "unavailable");
    let access_token = format!("access-token-of-{}", stage.app);
    stage.send_with(&access_token, "/v1/me/accounts").await.problem(503, "unavailable");
    let other = stage.remote.app(stage.env(), stage.organization, "retail_media");
    stage.link_of(other).await;

    let told = stage.resources.health.readiness().await;
    let check = &told.checks["consent-broker/parked-streams/consent-broker-apps"];
    assert!(check.reason.as_ref().is_some_and(|reason| reason.contains("1 parked")), "{told:?}");

    sqlx::query("DELETE FROM consent_broker.parked_streams").execute(&stage.pool).await.unwrap();
    holder.approve(&token, &[account]).await.expect(200);
}

#[tokio::test]
async fn an_app_has_only_so_many_links_that_can_be_used() {
    let settings = Settings { max_open_links_per_app: 2, ..settings() };
    let stage = Stage::with(settings).await;
    let links = format!("/v1/apps/{}/consent-links", stage.app);
    let (first, token) = stage.link().await;
    stage.link().await;
    let refused = stage.developer.post(&links, json!({})).await;
    refused.problem(409, "too-many-open-links");
    // Another app has its own.
    let other = stage.remote.app(stage.env(), stage.organization, "retail_media");
    stage.link_of(other).await;
    // What is used, revoked or over makes room.
    stage.person("Someone").deny(&token).await.expect(200);
    let (second, _) = stage.link().await;
    stage.developer.post(&links, json!({})).await.problem(409, "too-many-open-links");
    stage.developer.delete(&format!("/v1/consent-links/{second}")).await.expect(204);
    stage.link().await;
    stage.developer.post(&links, json!({})).await.problem(409, "too-many-open-links");
    stage.clock.advance(chrono::Duration::days(31));
    stage.link().await;
    assert_ne!(first, second);
}
