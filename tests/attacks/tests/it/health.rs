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
    // There is nothing else.
    admin.get("/openapi.json").await.expect(404);
}
