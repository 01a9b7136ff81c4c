//! What people, accounts and organizations are called: asked about many at a time.

use contract::rpc::{NameAccounts, NameOrganizations, NamePeople};
use service::{Resources, StartError};

use crate::store;

/// Answers these questions.
pub(super) async fn answer(resources: &Resources) -> Result<(), StartError> {
    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: NamePeople| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await?;
                Ok(store::people::names(&mut conn, &question.person_ids).await?)
            }
        })
        .await?;

    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: NameAccounts| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await?;
                Ok(store::accounts::names(&mut conn, &question.account_ids).await?)
            }
        })
        .await?;

    let pool = resources.pool.clone();
    resources
        .serve_rpc(move |_, question: NameOrganizations| {
            let pool = pool.clone();
            async move {
                let mut conn = pool.acquire().await?;
                Ok(store::organizations::names(&mut conn, &question.organization_ids).await?)
            }
        })
        .await
}
