//! Notices that were sent.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contract::ids::GrantId;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::contradiction;
use crate::grant::Grant;

/// A notice that is to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Notice<'g> {
    /// The grant that will end.
    pub(crate) grant: &'g Grant,
    /// When.
    pub(crate) expires_at: DateTime<Utc>,
    /// So many days before, or fewer.
    pub(crate) days: u16,
}

/// A notice that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentNotice {
    /// The end that it was about.
    pub(crate) expires_at: DateTime<Utc>,
    /// So many days before, or fewer.
    pub(crate) days: u16,
    /// When it was sent.
    pub(crate) sent_at: DateTime<Utc>,
}

/// Notes that these are sent, one a grant, and says of which grants: the others were sent before.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    notices: &[Notice<'_>],
    now: DateTime<Utc>,
) -> Result<BTreeSet<GrantId>, sqlx::Error> {
    let grants: Vec<Uuid> = notices.iter().map(|notice| notice.grant.id.uuid()).collect();
    let ends: Vec<DateTime<Utc>> = notices.iter().map(|notice| notice.expires_at).collect();
    let days: Vec<i32> = notices.iter().map(|notice| notice.days.into()).collect();
    let inserted = sqlx::query_scalar!(
        "INSERT INTO consent_broker.notices (grant_id, expires_at, days, sent_at)
         SELECT grant_id, expires_at, days, $4
         FROM unnest($1::uuid[], $2::timestamptz[], $3::integer[]) AS due (grant_id, expires_at, days)
         ON CONFLICT DO NOTHING RETURNING grant_id",
        &grants,
        &ends,
        &days,
        now,
    )
    .fetch_all(connection)
    .await?;
    Ok(inserted.into_iter().map(GrantId::from_uuid).collect())
}

/// The notices that were sent of these grants, the first first.
pub(crate) async fn of(
    executor: impl PgExecutor<'_>,
    grants: impl Iterator<Item = GrantId>,
) -> Result<BTreeMap<GrantId, Vec<SentNotice>>, sqlx::Error> {
    let grants: Vec<Uuid> = grants.map(GrantId::uuid).collect();
    let rows = sqlx::query!(
        "SELECT grant_id, expires_at, days, sent_at FROM consent_broker.notices WHERE grant_id = ANY($1)",
        &grants,
    )
    .fetch_all(executor)
    .await?;
    let mut notices: BTreeMap<GrantId, Vec<SentNotice>> = BTreeMap::new();
    for row in rows {
        let days = u16::try_from(row.days);
        let days = days.map_err(|_| contradiction("a notice has a bounded number of days"))?;
        let notice = SentNotice { expires_at: row.expires_at, days, sent_at: row.sent_at };
        notices.entry(GrantId::from_uuid(row.grant_id)).or_default().push(notice);
    }
    for notices in notices.values_mut() {
        notices.sort_by_key(|notice| (notice.expires_at, std::cmp::Reverse(notice.days)));
    }
    Ok(notices)
}
