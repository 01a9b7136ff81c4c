//! The grace period of a shutdown.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// For how long what is under way may come to its end after the shutdown was asked for. What is cut
/// off then is found undone and done again, as after a crash.
const GRACE: Duration = Duration::from_secs(2);

/// Ends some time after the token was cancelled.
pub(crate) async fn is_over(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(GRACE).await;
}
