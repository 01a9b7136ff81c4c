//! Garbage instead of questions between services, as a service's own user of NATS.

use async_nats::{Client, ConnectOptions};
use serde_json::json;

use crate::system::System;

const OPERATIONS: [&str; 18] = [
    "directory.authenticate",
    "directory.get-organization",
    "directory.visible-accounts",
    "directory.held-accounts",
    "directory.matching-accounts",
    "directory.find-consenter",
    "directory.account-roles-of",
    "directory.name-people",
    "directory.name-accounts",
    "directory.request-mails",
    "directory.end-leaked",
    "directory.stream-events",
    "app-registry.get-app",
    "app-registry.name-apps",
    "key-issuer.authenticate-app",
    "consent-broker.add-link-token",
    "consent-broker.stream-events",
    "audit.stream-heads",
];

/// Whatever is no question is refused with 400, and a value that no database holds with 422.
pub(crate) async fn garbage_is_refused(system: &System) {
    let (address, password) = system.nats("app-registry");
    let client = ConnectOptions::with_user_and_password("app-registry".into(), password)
        .custom_inbox_prefix("_INBOX.app-registry")
        .connect(address)
        .await
        .unwrap();
    let nested = "[".repeat(100_000);
    let garbage: [&[u8]; 7] = [b"", b"\xff\xfe", b"null", b"1", b"\"x\"", b"{}", nested.as_bytes()];
    for operation in OPERATIONS {
        for payload in garbage {
            let code = refusal(&client, operation, payload).await;
            assert_eq!(code.as_deref(), Some("400"), "{operation}: {payload:.20?}");
        }
    }
    let nul = json!({"person_id": "01234567-89ab-7cde-8f01-23456789abcd", "service": "\0", "consent_roles": [], "limit": 1});
    let code = refusal(&client, "directory.visible-accounts", nul.to_string().as_bytes()).await;
    assert_eq!(code.as_deref(), Some("422"));
    let many = vec!["01234567-89ab-7cde-8f01-23456789abcd"; 501];
    let many = json!({ "person_ids": many }).to_string();
    let code = refusal(&client, "directory.name-people", many.as_bytes()).await;
    assert_eq!(code.as_deref(), Some("400"));
}

/// The code of the refusal, if the answer is one.
async fn refusal(client: &Client, operation: &str, payload: &[u8]) -> Option<String> {
    let subject = format!("mandate.rpc.{operation}");
    let answer = client.request(subject, payload.to_vec().into()).await.unwrap();
    let code = answer.headers?.get("Nats-Service-Error-Code")?.to_string();
    Some(code)
}
