//! What is asked about the accounts that a person can choose on a request for consent.

use contract::rpc::{FindConsenter, MatchingAccounts, VisibleAccounts};
use service::{Resources, StartError};

use crate::store::{matching_accounts, visible_accounts};

pub(super) async fn answer(resources: &Resources) -> Result<(), StartError> {
    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: VisibleAccounts| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await?;
                Ok(visible_accounts::page(&mut conn, &question).await?)
            }
        })
        .await?;

    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: MatchingAccounts| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await?;
                Ok(matching_accounts::page(&mut conn, &question).await?)
            }
        })
        .await?;

    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: FindConsenter| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await?;
                Ok(matching_accounts::consenter(&mut conn, &question).await?)
            }
        })
        .await
}
