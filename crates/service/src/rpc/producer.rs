//! What every producer of events answers to those who miss some.

use contract::rpc::{RepeatEvents, StreamEvents, StreamHeads, UnknownEvents};
use eventstore::producer::{SETTLE, repeat_events, stream_events, stream_heads, unknown_events};

use crate::resources::Resources;
use crate::start::StartError;

impl Resources {
    /// Answers [`StreamEvents`], [`StreamHeads`], [`UnknownEvents`] and [`RepeatEvents`] from this service's
    /// events.
    pub async fn serve_producer_rpc(&self) -> Result<(), StartError> {
        let pool = self.pool.clone();
        self.serve_rpc(move |_, question: StreamEvents| {
            let pool = pool.clone();
            async move { Ok(stream_events(&pool, &question).await?) }
        })
        .await?;
        let pool = self.pool.clone();
        self.serve_rpc(move |_, question: StreamHeads| {
            let pool = pool.clone();
            async move { Ok(stream_heads(&pool, &question, SETTLE).await?) }
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
        .await
    }
}
