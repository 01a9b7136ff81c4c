//! What strangers learn from health: whether the process is ready, and nothing of its parts.

use contract::Service;
use journeys::system::Servers;
use serde_json::json;
use stage::{Addresses, Client, eventually};

#[tokio::test]
async fn strangers_do_not_learn_why_a_process_is_not_ready() {
    let servers = Servers::empty("").await;
    let (_process, address, admin) = servers.serve_with_admin(&[Service::Directory]).await;
    let stranger = Client::anonymous(Addresses::One(address));
    let told = stranger.get("/readyz").await.expect(503);
    assert_eq!(told.json, json!({ "ready": false }));

    let admin = Client::anonymous(Addresses::One(admin));
    admin.get("/healthz").await.expect(200);
    eventually("whoever may know is told why", async || {
        let answer = admin.get("/readyz").await.expect(503);
        let reason = answer.json["checks"]["directory/migrated"]["reason"].clone();
        reason.as_str().is_some_and(|reason| reason.contains("mandate migrate"))
    })
    .await;
    // Metrics are for the same eyes, and tell of what strangers did by what we know only.
    stranger.get("/v1/secrets/of-somebody").await.expect(404);
    stranger.get("/metrics").await.expect(404);
    let metrics = admin.get("/metrics").await.expect(200);
    let kind = metrics.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    let text = String::from_utf8_lossy(&metrics.body);
    for line in [
        r#"mandate_check_ok{check="directory/migrated"} 0"#,
        r#"mandate_http_requests_total{method="GET",route="unmatched",status="404"} 2"#,
    ] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("secrets"), "{text}");
    // There is nothing else.
    admin.get("/openapi.json").await.expect(404);
}
