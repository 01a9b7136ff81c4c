//! What every producer of events answers to those who miss some.

use std::time::Duration;

use contract::rpc::{
    ManifestListOf, RepeatEvents, StreamEvents, StreamHeads, UnknownEvents, WriteManifests,
};
use eventstore::consumer::HANDLING;
use eventstore::manifests::Manifests;
use eventstore::producer::{repeat_events, stream_events, stream_heads, unknown_events};

use crate::connect::IDLE_IN_TRANSACTION;
use crate::resources::Resources;
use crate::settings::{DatabaseSettings, HttpSettings};
use crate::start::StartError;

/// After how long no transaction can still make an older row visible. Whoever writes in one gives up when the time for
/// a request or a batch is over; what the database is at then, it ends by itself.
pub fn settled_after(database: &DatabaseSettings, http: &HttpSettings) -> Duration {
    let writing = Duration::from_secs(http.request_timeout_seconds).max(HANDLING);
    let ending = Duration::from_secs(database.statement_timeout_seconds).max(IDLE_IN_TRANSACTION);
    writing.saturating_add(ending)
}

impl Resources {
    /// Answers [`StreamEvents`], [`StreamHeads`], [`UnknownEvents`] and [`RepeatEvents`] from this service's
    /// events, which are settled after so long: [`settled_after`]; and [`WriteManifests`] and [`ManifestListOf`].
    pub async fn serve_producer_rpc(&self, settle: Duration) -> Result<(), StartError> {
        let pool = self.pool.clone();
        self.serve_rpc(move |_, question: StreamEvents| {
            let pool = pool.clone();
            async move { Ok(stream_events(&pool, &question).await?) }
        })
        .await?;
        let pool = self.pool.clone();
        self.serve_rpc(move |_, question: StreamHeads| {
            let pool = pool.clone();
            async move { Ok(stream_heads(&pool, &question, settle).await?) }
        })
        .await?;
        let pool = self.pool.clone();
        self.serve_rpc(move |_, question: UnknownEvents| {
            let pool = pool.clone();
            async move { Ok(unknown_events(&pool, question).await?) }
        })
        .await?;
        let events = self.events.clone();
        self.serve_rpc(move |_, question: RepeatEvents| {
            let events = events.clone();
            async move { Ok(repeat_events(&events, &question).await?) }
        })
        .await?;
        self.serve_manifests().await
    }

    async fn serve_manifests(&self) -> Result<(), StartError> {
        let manifests = Manifests::new(self.events.clone());
        let asked = manifests.clone();
        self.serve_rpc(move |_, _: WriteManifests| {
            let manifests = asked.clone();
            async move { Ok(manifests.write_asked().await?) }
        })
        .await?;
        self.serve_rpc(move |_, question: ManifestListOf| {
            let manifests = manifests.clone();
            async move { Ok(manifests.list(question).await?) }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_settle_later_where_a_transaction_may_last_longer() {
        let after = |request, statement| {
            let http = HttpSettings { request_timeout_seconds: request, ..HttpSettings::default() };
            let database =
                DatabaseSettings { statement_timeout_seconds: statement, ..Default::default() };
            settled_after(&database, &http).as_secs()
        };
        assert_eq!(after(30, 30), 60);
        assert_eq!(after(300, 30), 330);
        assert_eq!(after(30, 300), 330);
        // A projection's batch and a transaction that was forgotten last as long as ever.
        assert_eq!(after(1, 1), 35);
    }
}
