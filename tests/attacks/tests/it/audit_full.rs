//! A flood of records fills what lies between the services and the log, because audit is away or cannot keep up.
//! Facts go on reaching the services: who was suspended gets no tokens.

use async_nats::jetstream;
use contract::Service;
use journeys::events;
use journeys::people::RETAIL_MEDIA;
use journeys::system::{Servers, System, ready};
use local_servers::testing::NATS_USER;
use stage::{Addresses, eventually};

/// What NATS may store in all.
const STORE: u64 = 4 << 20;

/// What each stream may have of it.
const LIMITS: &str = "[transport]\nevents_max_bytes = 1500000\naudit_max_bytes = 1500000\n";

/// Fills the stream of messages to audit to the last byte.
async fn fill_audit(streams: &jetstream::Context) {
    for size in [100_000, 1_000, 1] {
        loop {
            let sent = streams.publish("mandate.audit.directory", vec![0; size].into()).await;
            if let Err(error) = sent.unwrap().await {
                let why = std::error::Error::source(&error).map(ToString::to_string);
                assert!(why.is_some_and(|why| why.contains("maximum bytes exceeded")), "{error}");
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_suspended_app_gets_no_token_although_audit_is_full_and_the_log_is_told_afterwards() {
    let servers = Servers::with_store(STORE, LIMITS).await;
    let system = System::without(Service::Audit, servers).await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = organization.developer.key(&app).await;
    let anyone = system.anonymous();
    key.ask(&anyone).await.expect(200);
    let nats = std::slice::from_ref(&system.servers.nats);
    let streams = jetstream::new(stage::nats_client(nats, NATS_USER).await);
    fill_audit(&streams).await;

    operator.act(&format!("/v1/apps/{}/suspend", app.id)).await.expect(200);
    eventually("the key issuer knows it", async || key.ask(&anyone).await.status == 401).await;
    let readiness = system.admin().get("/readyz").await;
    let checks = &readiness.json["checks"];
    let told = checks["app-registry/relay/audit"]["reason"].as_str().unwrap_or_default();
    assert!(told.contains("not acknowledged"), "{}", readiness.text());
    assert_eq!(checks["app-registry/relay/events"]["ok"], true, "{}", readiness.text());

    // What filled it is taken away, and audit comes back.
    streams.get_stream("AUDIT").await.unwrap().purge().await.unwrap();
    let (_audit, address) = system.servers.serve(&[Service::Audit]).await;
    ready(&address).await;
    let auditor = organization.auditor.at(Addresses::One(address));
    let query = format!("organization_id={}", organization.id);
    events::one(&auditor, &query, "app.suspended", |_| true).await;
}
