//! What other services ask.

use contract::rpc::PlacesOf;
use service::{Resources, StartError};

use crate::store::places;

/// Answers every question of `contract::rpc` that is audit's.
pub(crate) async fn answer(resources: &Resources) -> Result<(), StartError> {
    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: PlacesOf| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await?;
                Ok(places::of_events(&mut conn, &question.event_ids).await?)
            }
        })
        .await
}
