//! The end of an app that has very many keys: it decides at once, takes seconds, and holds up nobody.

use axum::http::StatusCode;
use contract::AppId;
use stage::eventually;

use crate::stage::{Stage, oauth};

/// Gives an app so many keys, as if they had been made one by one.
async fn fill(stage: &Stage, app: AppId, keys: i32) {
    for statement in [
        "INSERT INTO key_issuer.keys (key_id, app_id, name, secret_hash, secret_hint, created_at, version)
         SELECT gen_random_uuid(), $1, 'one of many', sha256(n::text::bytea), 'abcd', $3::timestamptz, 1
         FROM generate_series(1, $2::int) AS n",
        "INSERT INTO key_issuer.events (id, stream_kind, stream_id, version, type, occurred_at, envelope)
         SELECT gen_random_uuid(), 'key', key_id, 1, 'mandate.test.made.v1', $3::timestamptz, '{}'
         FROM key_issuer.keys WHERE app_id = $1 AND name = 'one of many' AND $2::int > 0",
    ] {
        let query = sqlx::query(statement).bind(app.uuid()).bind(keys).bind(stage.env.now());
        query.execute(&stage.sql).await.unwrap();
    }
}

async fn unended(stage: &Stage, app: AppId) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM key_issuer.keys WHERE app_id = $1 AND deleted_at IS NULL",
    )
    .bind(app.uuid())
    .fetch_one(&stage.sql)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_end_of_a_large_app_holds_up_no_other_and_each_event_comes_once() {
    let (stage, replica, large) = Stage::with_app().await;
    let other = stage.registry.active_app().await;
    let (its_key, others_key) = (replica.key(large).await, replica.key(other).await);
    fill(&stage, large, 4_000).await;

    // Somebody holds one of its keys: that must not keep others waiting, however long it takes.
    let mut holder = stage.sql.begin().await.unwrap();
    sqlx::query("SELECT FROM key_issuer.keys WHERE app_id = $1 ORDER BY key_id LIMIT 1 FOR UPDATE")
        .bind(large.uuid())
        .execute(&mut *holder)
        .await
        .unwrap();
    stage.registry.archive(large).await;
    stage.registry.suspend(other).await;
    stage.until_known(other, "suspended").await;
    stage.until_known(large, "archived").await;
    for key in [&its_key, &others_key] {
        oauth(&replica.token(key).await, 401, "invalid_client");
    }
    eventually("all but the key that is held end", async || unended(&stage, large).await == 1)
        .await;
    holder.rollback().await.unwrap();
    stage.until_ended(large).await;
    assert_eq!(unended(&stage, large).await, 0);
    let ends: (i64, i64) = sqlx::query_as(
        "SELECT count(*), count(DISTINCT stream_id) FROM key_issuer.events WHERE type = 'mandate.key.deleted.v1'",
    )
    .fetch_one(&stage.sql)
    .await
    .unwrap();
    assert_eq!(ends, (4_001, 4_001));
    stage.registry.resume(other).await;
    stage.until_known(other, "active").await;
    assert_eq!(replica.token(&others_key).await.status, StatusCode::OK);
}
