//! The end of an app that takes very long (it has very much, or somebody holds something of it) stops nothing
//! for anybody else.

use futures::{StreamExt, stream};
use journeys::events;
use journeys::people::RETAIL_MEDIA;
use journeys::system::System;
use sqlx::PgPool;
use stage::eventually;

/// More than are ended in one go.
const LINKS: usize = 600;

#[tokio::test]
async fn an_app_whose_end_takes_long_delays_nobody_elses() {
    let system = System::start().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let developer = &organization.developer;
    let large = developer.active_app(&organization, RETAIL_MEDIA).await;
    let other = developer.active_app(&organization, RETAIL_MEDIA).await;
    let (its_key, others_key) = (developer.key(&large).await, developer.key(&other).await);
    let making = stream::iter(0..LINKS).map(|_| developer.link(&large));
    let links: Vec<_> = making.buffered(32).collect().await;
    let others_link = developer.link(&other).await;

    let database = PgPool::connect(&system.servers.database.url).await.unwrap();
    let mut holder = database.begin().await.unwrap();
    for (statement, id) in [
        ("SELECT FROM key_issuer.keys WHERE app_id = $1::uuid FOR UPDATE", &large.id),
        ("SELECT FROM consent_broker.links WHERE id = $1::uuid FOR UPDATE", &links[0].id),
    ] {
        let held = sqlx::query(statement).bind(id).execute(&mut *holder).await.unwrap();
        assert_eq!(held.rows_affected(), 1);
    }
    developer.act(&format!("/v1/apps/{}/archive", large.id)).await.expect(200);
    operator.act(&format!("/v1/apps/{}/suspend", other.id)).await.expect(200);
    eventually("both are refused", async || {
        let asked = [its_key.ask(developer).await, others_key.ask(developer).await];
        let statuses = asked.map(|answer| answer.status.as_u16());
        if statuses == [401, 401] { Ok(()) } else { Err(format!("{statuses:?}")) }
    })
    .await;
    operator.act(&format!("/v1/apps/{}/resume", other.id)).await.expect(200);
    developer.act(&format!("/v1/apps/{}/archive", other.id)).await.expect(200);
    let query = format!("organization_id={}", organization.id);
    let ended = |id: &str| format!("consent-link/{id}");
    let subject = ended(&others_link.id);
    events::one(&organization.auditor, &query, "consent-link.revoked", |event| {
        event.attribute("subject") == subject
    })
    .await;
    let left = async || -> i64 {
        sqlx::query_scalar(
            "SELECT count(*) FROM consent_broker.links WHERE app_id = $1::uuid AND state = 'pending'",
        )
        .bind(&large.id)
        .fetch_one(&database)
        .await
        .unwrap()
    };
    eventually("all but the link that is held end", async || left().await == 1).await;
    let ready = operator.get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.text());

    holder.rollback().await.unwrap();
    eventually("nothing is left", async || left().await == 0).await;
    let subject = ended(&links[0].id);
    events::one(&organization.auditor, &query, "consent-link.revoked", |event| {
        event.attribute("subject") == subject
    })
    .await;
}
