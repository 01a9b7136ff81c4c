//! What ends by itself: links by time, and all that an archived app had.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use chrono::Duration;
use consent_broker::expiry::sweep;
use contract::facts::{AppArchived, AppSuspended};
use contract::rpc::AccountRole;
use contract::{Actor, Authority, Provenance, Service, Version};
use serde_json::json;
use stage::eventually;

use crate::stage::Stage;

#[tokio::test]
async fn an_expiry_is_recorded_once_by_the_service_itself() {
    let stage = Stage::set().await;
    let (expiring, _) = stage.link().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    stage.granted(&holder, &[account]).await;
    stage.clock.advance(Duration::days(29));
    let (later, _) = stage.link().await;
    assert_eq!(sweep(&stage.resources).await.unwrap(), 0);

    stage.clock.advance(Duration::days(1));
    let other = stage.other_host(Service::ConsentBroker).await;
    let (one, two) = tokio::join!(sweep(&stage.resources), sweep(&other));
    assert_eq!(one.unwrap() + two.unwrap(), 1);
    let [event] = stage.events_of("consent-link.expired").await.try_into().unwrap();
    assert_eq!(event.subject, format!("consent-link/{expiring}"));
    assert_eq!(
        (event.actor, event.authority),
        (Actor::System(Service::ConsentBroker), Authority::SYSTEM)
    );
    assert_eq!(event.organization, Some(stage.organization));
    assert_eq!(
        stage.developer.get(&format!("/v1/consent-links/{later}")).await.field("state"),
        "pending"
    );
    assert_eq!(
        stage.developer.get(&format!("/v1/consent-links/{expiring}")).await.field("ended_at"),
        "2025-07-15T15:06:40Z"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_app_ends_its_links_and_grants() {
    let stage = Stage::set().await;
    let holder = stage.person("The admin");
    let account = stage.account(&holder, AccountRole::Admin);
    let [grant] = stage.granted(&holder, &[account]).await.try_into().unwrap();
    let (pending, token) = stage.link().await;
    let other_app = stage.remote.app(stage.env(), stage.organization, "retail_media");
    let (untouched, _) = stage.link_of(other_app).await;

    // The app registry's own events, from its own relay. A suspension first: it ends nothing.
    let registry = stage.other_host(Service::AppRegistry).await;
    registry.serve_producer_rpc(std::time::Duration::from_mins(1)).await.unwrap();
    registry.start_relays();
    let app = stage.app;
    let provenance =
        Provenance::system(Service::AppRegistry, Some(stage.organization), stage.env().new_id());
    let mut unit = registry.events.begin(&provenance);
    unit.record(app.uuid(), Version::FIRST, &AppSuspended { app_id: app }).unwrap();
    let cause =
        unit.record(app.uuid(), Version::FIRST.next(), &AppArchived { app_id: app }).unwrap();
    unit.commit().await.unwrap();

    eventually("the end of the grant, after that of the link", async || {
        !stage.events_of("consent.revoked").await.is_empty()
    })
    .await;
    let [link] = stage.events_of("consent-link.revoked").await.try_into().unwrap();
    let [consent] = stage.events_of("consent.revoked").await.try_into().unwrap();
    assert_eq!(
        (link.subject.clone(), consent.subject.clone()),
        (format!("consent-link/{pending}"), format!("consent/{grant}"))
    );
    for event in [link, consent] {
        assert_eq!(event.data["reason"], json!("app_archived"));
        assert_eq!(
            (event.actor, event.causationid),
            (Actor::System(Service::ConsentBroker), Some(cause))
        );
        assert_eq!(
            (event.correlationid, event.organization),
            (provenance.correlation, Some(stage.organization))
        );
    }
    assert!(stage.reached().await.is_empty());
    holder.approve(&token, &[account]).await.problem(410, "link-revoked");
    assert_eq!(
        stage.developer.get(&format!("/v1/consent-links/{untouched}")).await.field("state"),
        "pending"
    );

    // The app registry's answer may be older than its event: no link slips in behind the end.
    let late = stage.developer.post(&format!("/v1/apps/{app}/consent-links"), json!({})).await;
    late.problem(409, "app-not-active");
    let versions: BTreeSet<_> =
        stage.events().await.iter().map(|event| (event.stream_id(), event.streamversion)).collect();
    assert_eq!(versions.len(), stage.events().await.len());
    assert_eq!(late.status, StatusCode::CONFLICT);
}
