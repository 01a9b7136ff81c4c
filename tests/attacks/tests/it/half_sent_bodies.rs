//! Requests whose body does not come: each held one of the turns that a process has for all its requests.

use journeys::system::System;
use stage::eventually;
use tokio::io::AsyncWriteExt;

use crate::wire::{HALF_A_REQUEST, THE_OTHER_HALF, receive, send, socket_address};

/// Turns, for all requests together.
const TURNS: usize = 4;

#[tokio::test]
async fn half_sent_bodies_keep_nobody_waiting() {
    let system = System::configured(&format!(
        "[http]\nmax_concurrent_requests = {TURNS}\nrequest_timeout_seconds = 600\n\
         body_timeout_seconds = 600\npace_grace_seconds = 600\n"
    ))
    .await;
    let address = socket_address(&system);
    let mut waiting = Vec::new();
    for _ in 0..5 * TURNS {
        waiting.push(send(address, HALF_A_REQUEST).await);
    }
    let client = system.anonymous();
    client.get("/healthz").await.expect(200);
    client.get("/readyz").await.expect(200);
    // Each has a turn for as long as it takes to find out that its body is not there.
    eventually("others are answered", async || {
        let answer = client.form("/oauth2/token", &[("grant_type", "client_credentials")]).await;
        if answer.status == 401 { Ok(()) } else { Err(answer.text()) }
    })
    .await;
    // Those who waited for their own body are answered when it comes.
    for mut stream in waiting {
        stream.write_all(THE_OTHER_HALF.as_bytes()).await.unwrap();
        let answer = receive(stream).await;
        assert!(answer.contains("invalid_client"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let system = System::configured("[http]\npace_grace_seconds = 1\n").await;
    let answer = receive(send(socket_address(&system), HALF_A_REQUEST).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    // Whoever asks for a token understands the errors of RFC 6749 only.
    assert!(answer.contains(r#""error":"invalid_request""#), "{answer}");
}
