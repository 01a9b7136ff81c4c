use chrono::{DateTime, Utc};
use contract::catalogue::{InvalidDomainLevel, ServiceDomain};
use contract::{DomainRequestId, OrganizationId, PersonId};
use eventstore::rows::{exactly_one, version};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Slice, unless_taken};
use crate::domain_request::{Answer, DomainRequest, StateName};

struct Row {
    id: Uuid,
    organization_id: Uuid,
    domain: String,
    reason: String,
    requested_by: Uuid,
    created_at: DateTime<Utc>,
    state: String,
    answered_at: Option<DateTime<Utc>>,
    answered_by: Option<Uuid>,
    answer_reason: Option<String>,
    version: i64,
}

/// All columns.
macro_rules! select_requests {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            "SELECT id, organization_id, domain, reason, requested_by, created_at, state, answered_at, answered_by,
                    answer_reason, version
             FROM directory.domain_requests " + $rest
            $(, $argument)*
        )
    };
}

impl TryFrom<Row> for DomainRequest {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let answer = row.answered_at.zip(row.answered_by).map(|(at, by)| Answer {
            granted: row.state == StateName::Granted.as_str(),
            at,
            by: PersonId::from_uuid(by),
            reason: row.answer_reason,
        });
        Ok(Self {
            id: DomainRequestId::from_uuid(row.id),
            organization_id: OrganizationId::from_uuid(row.organization_id),
            domain: read_domain(&row.domain)?,
            reason: row.reason,
            requested_by: PersonId::from_uuid(row.requested_by),
            created_at: row.created_at,
            answer,
            version: version(row.version)?,
        })
    }
}

fn read_domain(text: &str) -> sqlx::Result<ServiceDomain> {
    text.parse().map_err(|error: InvalidDomainLevel| sqlx::Error::Decode(error.into()))
}

fn all(rows: Vec<Row>) -> sqlx::Result<Vec<DomainRequest>> {
    rows.into_iter().map(DomainRequest::try_from).collect()
}

/// Keeps a new request, if the organization has none for the same domain that waits for its answer.
pub(crate) async fn insert(conn: &mut PgConnection, new: &DomainRequest) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO directory.domain_requests
            (id, organization_id, domain, reason, requested_by, created_at, state, version)
         VALUES ($1, $2, $3, $4, $5, $6, 'open', $7)",
        new.id.uuid(),
        new.organization_id.uuid(),
        new.domain.to_string(),
        new.reason,
        new.requested_by.uuid(),
        new.created_at,
        new.version.number(),
    )
    .execute(conn)
    .await;
    unless_taken(inserted, "domain_requests_open")
}

/// The request of this id.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: DomainRequestId,
) -> sqlx::Result<Option<DomainRequest>> {
    let row = select_requests!("WHERE id = $1", id.uuid()).fetch_optional(conn).await?;
    row.map(DomainRequest::try_from).transpose()
}

/// The request of this id, locked until the end of the transaction: it is answered by one.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    id: DomainRequestId,
) -> sqlx::Result<Option<DomainRequest>> {
    let row = select_requests!("WHERE id = $1 FOR UPDATE", id.uuid()).fetch_optional(conn).await?;
    row.map(DomainRequest::try_from).transpose()
}

/// A page of an organization's requests.
pub(crate) async fn of_organization(
    conn: &mut PgConnection,
    id: OrganizationId,
    slice: Slice,
) -> sqlx::Result<Vec<DomainRequest>> {
    all(select_requests!(
        "WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        id.uuid(),
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?)
}

/// A page of the requests that this person made.
pub(crate) async fn of_person(
    conn: &mut PgConnection,
    id: PersonId,
    slice: Slice,
) -> sqlx::Result<Vec<DomainRequest>> {
    all(select_requests!(
        "WHERE requested_by = $1 AND id > $2 ORDER BY id LIMIT $3",
        id.uuid(),
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?)
}

/// A page of all requests in this state.
pub(crate) async fn in_state(
    conn: &mut PgConnection,
    state: StateName,
    slice: Slice,
) -> sqlx::Result<Vec<DomainRequest>> {
    all(select_requests!(
        "WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3",
        state.as_str(),
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Writes the answer to a request that was locked before.
pub(crate) async fn save(conn: &mut PgConnection, new: &DomainRequest) -> sqlx::Result<()> {
    let answer = new.answer.as_ref();
    let done = sqlx::query!(
        "UPDATE directory.domain_requests
         SET state = $2, answered_at = $3, answered_by = $4, answer_reason = $5, version = $6
         WHERE id = $1 AND version = $6::bigint - 1",
        new.id.uuid(),
        new.state_name().as_str(),
        answer.map(|answer| answer.at),
        answer.map(|answer| answer.by.uuid()),
        answer.and_then(|answer| answer.reason.as_deref()),
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&done)
}
