//! The lists of manifests: fetched from their services once the manifest is recorded, held against its hash, kept.
//!
//! A list that is not the manifest's is refused, and asked for again: what a service keeps beside its events may have
//! been changed, and is then no evidence of anything. Those that follow are fetched all the same.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use contract::facts::ManifestWritten;
use contract::manifest::{InvalidList, read_list_of};
use contract::rpc::ManifestListOf;
use contract::{Envelope, EnvelopeError, Service, Version};
use sqlx::PgPool;
use tokio::sync::Mutex;

use crate::producers::{Producers, Unreachable};
use crate::store::manifests;

/// So many lists of a service are fetched in one turn: the rest is for the next.
const MOST_AT_ONCE: u32 = 16;

/// Why a list was not kept.
#[derive(Debug, thiserror::Error)]
enum NotKept {
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("the service has no such list")]
    NotThere,
    #[error("the list is not the manifest's: {0}")]
    Invalid(#[from] InvalidList),
    #[error("the manifest cannot be read: {0}")]
    Manifest(#[from] EnvelopeError),
}

/// Fetches lists.
#[derive(Clone)]
pub(crate) struct ListFetcher {
    pool: PgPool,
    producers: Arc<dyn Producers>,
    /// Of each service, up to which manifest all lists are kept or were refused, and those that were refused.
    reached: Arc<Mutex<BTreeMap<Service, Reached>>>,
}

/// How far the lists of a service were fetched.
#[derive(Debug, Default)]
struct Reached {
    version: i64,
    refused: VecDeque<i64>,
}

impl ListFetcher {
    pub(crate) fn new(pool: PgPool, producers: Arc<dyn Producers>) -> Self {
        Self { pool, producers, reached: Arc::default() }
    }

    /// Fetches lists that are not kept yet, of each service some. One that does not answer is asked the next time.
    pub(crate) async fn fetch(&self) -> sqlx::Result<()> {
        let mut reached = self.reached.lock().await;
        for service in Service::ALL {
            self.fetch_of(service, reached.entry(service).or_default()).await?;
        }
        Ok(())
    }

    async fn fetch_of(&self, service: Service, reached: &mut Reached) -> sqlx::Result<()> {
        let mut conn = self.pool.acquire().await?;
        let newest = manifests::last(&mut conn, service).await?.map_or(0, |last| last.version);
        let mut due =
            manifests::without_list(&mut conn, service, reached.version, MOST_AT_ONCE.into())
                .await?;
        let are_all = due.len() < MOST_AT_ONCE as usize;
        // One of them is tried again, in turn.
        if let Some(version) = reached.refused.pop_front() {
            due.extend(manifests::without_list(&mut conn, service, version - 1, 1).await?);
        }
        drop(conn);
        for (version, envelope) in due {
            match self.fetch_one(service, version, &envelope).await {
                Ok(list) => {
                    let mut conn = self.pool.acquire().await?;
                    manifests::keep_list(&mut conn, service, version, &list).await?;
                }
                // It may not be running.
                Err(NotKept::Unreachable(error)) => {
                    tracing::debug!(%service, version, %error, "the list of a manifest could not be had");
                    if version <= reached.version {
                        reached.refused.push_back(version);
                    }
                    return Ok(());
                }
                Err(error) => {
                    tracing::error!(%service, version, %error, "the list of a manifest is refused");
                    reached.refused.push_back(version);
                }
            }
            reached.version = reached.version.max(version);
        }
        // It is not looked again at those whose lists were kept before.
        if are_all {
            reached.version = reached.version.max(newest);
        }
        Ok(())
    }

    /// The list of a manifest, if it is that.
    async fn fetch_one(
        &self,
        service: Service,
        version: i64,
        envelope: &[u8],
    ) -> Result<String, NotKept> {
        let manifest: ManifestWritten = Envelope::parse(envelope)?.fact()?;
        let version = Version::new(version).ok_or(NotKept::NotThere)?;
        let asked = ManifestListOf { version };
        let list = self.producers.manifest_list(service, &asked).await?;
        let list = list.ok_or(NotKept::NotThere)?;
        read_list_of(&manifest.list_hash, list.as_bytes())?;
        Ok(list)
    }
}
