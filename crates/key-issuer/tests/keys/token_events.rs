//! Group commit of token events.

use futures::future::join_all;

use crate::stage::{Stage, oauth};

#[tokio::test]
async fn the_neighbours_of_a_client_that_has_changed_are_committed_in_one_group() {
    let (stage, replica, app) = Stage::with_app().await;
    let mut keys = Vec::new();
    for _ in 0..5 {
        keys.push(replica.key(app).await);
    }
    let other = stage.replica().await;
    for key in &keys {
        assert_eq!(other.token(key).await.status, 200);
    }
    let before = stage.transactions("token.issued").await;
    // What the other replica remembers of these clients is out of date now.
    for key in &keys[..2] {
        replica.rename(key, "meanwhile").await;
    }

    let answers = join_all((0..40).map(|number| other.token(&keys[number % 5]))).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let written = stage.transactions("token.issued").await - before;
    // They come together, but for some; one by one there would be forty.
    assert!(written <= 12, "{written} transactions");
}

#[tokio::test]
async fn without_its_event_no_token_leaves() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    sqlx::query("REVOKE INSERT ON key_issuer.events FROM mandate_key_issuer")
        .execute(&stage.sql)
        .await
        .unwrap();
    let answer = replica.token(&key).await;
    oauth(&answer, 503, "temporarily_unavailable");
    assert!(!String::from_utf8_lossy(&answer.body).contains("access_token"));
    sqlx::query("GRANT INSERT ON key_issuer.events TO mandate_key_issuer")
        .execute(&stage.sql)
        .await
        .unwrap();
    assert_eq!(replica.token(&key).await.status, 200);
    assert_eq!(stage.events("token.issued").await.len(), 1);
}
