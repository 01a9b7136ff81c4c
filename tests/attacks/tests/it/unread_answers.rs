//! Answers that nobody reads: their connections stayed for ever.

use journeys::system::System;
use stage::PATIENCE;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use crate::wire::{send, socket_address};

#[tokio::test]
async fn whoever_does_not_read_is_cut_off() {
    let system = System::configured("[http]\npace_grace_seconds = 1\n").await;
    // Far more is asked for than the kernel holds of answers and of questions.
    let asked = "GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1000);
    let mut stream = send(socket_address(&system), "").await;
    let cut_off = async { while stream.write_all(asked.as_bytes()).await.is_ok() {} };
    timeout(PATIENCE, cut_off).await.expect("the server closes the connection");
    system.anonymous().get("/healthz").await.expect(200);
}
