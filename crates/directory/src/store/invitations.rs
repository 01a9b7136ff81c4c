//! Invitations. Their tokens are in `mailed_links`.

use chrono::{DateTime, Utc};
use contract::facts::Invited;
use contract::rpc::{AccountRole, MemberRole};
use contract::secret::SecretHash;
use contract::{AccountId, InvitationId, OrganizationId, PersonId};
use eventstore::rows::{exactly_one, version};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::{Named, Slice, mailed_links, unless_taken};
use crate::fields::Email;
use crate::invitation::{Invitation, State, StateName};
use crate::language::Language;
use crate::mail::LinkPurpose;

struct Row {
    id: Uuid,
    organization_id: Option<Uuid>,
    member_role: Option<String>,
    account_id: Option<Uuid>,
    account_role: Option<String>,
    email: Option<String>,
    language: String,
    invited_by: Uuid,
    created_at: DateTime<Utc>,
    sent_at: DateTime<Utc>,
    sendings: i32,
    expires_at: DateTime<Utc>,
    state: String,
    ended_at: Option<DateTime<Utc>>,
    ended_by: Option<Uuid>,
    version: i64,
}

/// All columns.
macro_rules! select_invitations {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            "SELECT id, organization_id, member_role, account_id, account_role, email, language, invited_by, created_at,
                    sent_at, sendings, expires_at, state, ended_at, ended_by, version
             FROM directory.invitations " + $rest
            $(, $argument)*
        )
    };
}

impl TryFrom<Row> for Invitation {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let invited = match (row.organization_id, row.member_role, row.account_id, row.account_role)
        {
            (Some(organization), Some(role), None, None) => Invited::Organization {
                organization_id: OrganizationId::from_uuid(organization),
                role: MemberRole::read(&role)?,
            },
            (None, None, Some(account), Some(role)) => Invited::Account {
                account_id: AccountId::from_uuid(account),
                role: AccountRole::read(&role)?,
            },
            _ => return Err(contradiction("an invitation is to one thing")),
        };
        let by = row.ended_by.map(PersonId::from_uuid);
        let state = match (row.state.as_str(), row.ended_at, by) {
            ("pending", None, None) => State::Pending,
            ("accepted", Some(at), Some(by)) => State::Accepted { at, by },
            ("revoked", Some(at), Some(by)) => State::Revoked { at, by },
            ("expired", Some(recorded_at), None) => State::Expired { recorded_at },
            _ => return Err(contradiction("an invitation's state and its times agree")),
        };
        Ok(Self {
            id: InvitationId::from_uuid(row.id),
            invited,
            email: row.email.as_deref().map(Email::read).transpose()?,
            language: Language::read(&row.language)?,
            invited_by: PersonId::from_uuid(row.invited_by),
            created_at: row.created_at,
            sent_at: row.sent_at,
            sendings: u32::try_from(row.sendings)
                .map_err(|_| contradiction("a number of sendings is positive"))?,
            expires_at: row.expires_at,
            state,
            version: version(row.version)?,
        })
    }
}

fn contradiction(rule: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(rule.into())
}

fn all(rows: Vec<Row>) -> sqlx::Result<Vec<Invitation>> {
    rows.into_iter().map(Invitation::try_from).collect()
}

/// Keeps a new invitation, if nobody of this address is invited to the same thing.
pub(crate) async fn insert(conn: &mut PgConnection, new: &Invitation) -> sqlx::Result<bool> {
    let (organization, member_role, account, account_role) = match new.invited {
        Invited::Organization { organization_id, role } => {
            (Some(organization_id.uuid()), Some(role.as_str()), None, None)
        }
        Invited::Account { account_id, role } => {
            (None, None, Some(account_id.uuid()), Some(role.as_str()))
        }
    };
    let unique = match new.invited {
        Invited::Organization { .. } => "invitations_pending_to_organization",
        Invited::Account { .. } => "invitations_pending_to_account",
    };
    let inserted = sqlx::query!(
        "INSERT INTO directory.invitations
            (id, organization_id, member_role, account_id, account_role, email, language, invited_by, created_at,
             sent_at, sendings, expires_at, state, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'pending', $13)",
        new.id.uuid(),
        organization,
        member_role,
        account,
        account_role,
        new.email.as_ref().map(Email::as_str),
        new.language.as_str(),
        new.invited_by.uuid(),
        new.created_at,
        new.sent_at,
        sendings(new),
        new.expires_at,
        new.version.number(),
    )
    .execute(conn)
    .await;
    unless_taken(inserted, unique)
}

/// The invitation of this id.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: InvitationId,
) -> sqlx::Result<Option<Invitation>> {
    let row = select_invitations!("WHERE id = $1", id.uuid()).fetch_optional(conn).await?;
    row.map(Invitation::try_from).transpose()
}

/// The invitation whose mail had a link with this token.
pub(crate) async fn find_by_token(
    conn: &mut PgConnection,
    token: SecretHash,
) -> sqlx::Result<Option<Invitation>> {
    let to_organization =
        mailed_links::subject(&mut *conn, token, LinkPurpose::InviteMember).await?;
    let subject = match to_organization {
        Some(subject) => Some(subject),
        None => mailed_links::subject(&mut *conn, token, LinkPurpose::InviteToAccount).await?,
    };
    match subject {
        Some(subject) => find(conn, InvitationId::from_uuid(subject)).await,
        None => Ok(None),
    }
}

/// The invitation of this id, locked until the end of the transaction: it is accepted by one, or revoked.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    id: InvitationId,
) -> sqlx::Result<Option<Invitation>> {
    let row =
        select_invitations!("WHERE id = $1 FOR UPDATE", id.uuid()).fetch_optional(conn).await?;
    row.map(Invitation::try_from).transpose()
}

/// The pending invitation of this address to this, locked; expired ones too, as long as that is not recorded.
pub(crate) async fn lock_pending(
    conn: &mut PgConnection,
    to: Invited,
    email: &Email,
) -> sqlx::Result<Option<Invitation>> {
    let row = match to {
        Invited::Organization { organization_id, .. } => {
            select_invitations!(
                "WHERE organization_id = $1 AND email = $2 AND state = 'pending' FOR UPDATE",
                organization_id.uuid(),
                email.as_str(),
            )
            .fetch_optional(conn)
            .await?
        }
        Invited::Account { account_id, .. } => {
            select_invitations!(
                "WHERE account_id = $1 AND email = $2 AND state = 'pending' FOR UPDATE",
                account_id.uuid(),
                email.as_str(),
            )
            .fetch_optional(conn)
            .await?
        }
    };
    row.map(Invitation::try_from).transpose()
}

/// How many invitations to the same can be accepted: true for as long as it is locked.
pub(crate) async fn count_open(
    conn: &mut PgConnection,
    to: Invited,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    match to {
        Invited::Organization { organization_id, .. } => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "count!" FROM directory.invitations
                   WHERE organization_id = $1 AND state = 'pending' AND expires_at > $2"#,
                organization_id.uuid(),
                now,
            )
            .fetch_one(conn)
            .await
        }
        Invited::Account { account_id, .. } => {
            sqlx::query_scalar!(
                r#"SELECT count(*) AS "count!" FROM directory.invitations
                   WHERE account_id = $1 AND state = 'pending' AND expires_at > $2"#,
                account_id.uuid(),
                now,
            )
            .fetch_one(conn)
            .await
        }
    }
}

/// How often the invitations of this person that were sent since then have been sent: true for as long as the
/// person is locked.
pub(crate) async fn count_sendings(
    conn: &mut PgConnection,
    invited_by: PersonId,
    since: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(sum(sendings), 0) AS "sum!" FROM directory.invitations
           WHERE invited_by = $1 AND sent_at > $2"#,
        invited_by.uuid(),
        since,
    )
    .fetch_one(conn)
    .await
}

/// A page of the invitations to an organization; of those in this state as of now, if one is named.
pub(crate) async fn of_organization(
    conn: &mut PgConnection,
    id: OrganizationId,
    state: Option<StateName>,
    now: DateTime<Utc>,
    slice: Slice,
) -> sqlx::Result<Vec<Invitation>> {
    all(select_invitations!(
        "WHERE organization_id = $1
           AND ($2::text IS NULL OR $2 = CASE
                WHEN state = 'pending' AND expires_at <= $3 THEN 'expired' ELSE state END)
           AND id > $4
         ORDER BY id LIMIT $5",
        id.uuid(),
        state.map(StateName::as_str),
        now,
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?)
}

/// A page of the invitations to an account, likewise.
pub(crate) async fn of_account(
    conn: &mut PgConnection,
    id: AccountId,
    state: Option<StateName>,
    now: DateTime<Utc>,
    slice: Slice,
) -> sqlx::Result<Vec<Invitation>> {
    all(select_invitations!(
        "WHERE account_id = $1
           AND ($2::text IS NULL OR $2 = CASE
                WHEN state = 'pending' AND expires_at <= $3 THEN 'expired' ELSE state END)
           AND id > $4
         ORDER BY id LIMIT $5",
        id.uuid(),
        state.map(StateName::as_str),
        now,
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?)
}

/// A page of the invitations that this person sent.
pub(crate) async fn sent_by(
    conn: &mut PgConnection,
    id: PersonId,
    slice: Slice,
) -> sqlx::Result<Vec<Invitation>> {
    all(select_invitations!(
        "WHERE invited_by = $1 AND id > $2 ORDER BY id LIMIT $3",
        id.uuid(),
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?)
}

/// A page of the invitations that this person accepted.
pub(crate) async fn accepted_by(
    conn: &mut PgConnection,
    id: PersonId,
    slice: Slice,
) -> sqlx::Result<Vec<Invitation>> {
    all(select_invitations!(
        "WHERE ended_by = $1 AND state = 'accepted' AND id > $2 ORDER BY id LIMIT $3",
        id.uuid(),
        slice.begins_after(),
        slice.limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Some invitations whose time has run out, locked; those that are being used are left for later.
pub(crate) async fn lock_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<Invitation>> {
    all(select_invitations!(
        "WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED",
        now,
        limit,
    )
    .fetch_all(conn)
    .await?)
}

/// Writes what has become of an invitation that was locked before.
pub(crate) async fn save(conn: &mut PgConnection, new: &Invitation) -> sqlx::Result<()> {
    let (state, ended_at, ended_by) = match new.state {
        State::Pending => (StateName::Pending, None, None),
        State::Accepted { at, by } => (StateName::Accepted, Some(at), Some(by)),
        State::Revoked { at, by } => (StateName::Revoked, Some(at), Some(by)),
        State::Expired { recorded_at } => (StateName::Expired, Some(recorded_at), None),
    };
    let done = sqlx::query!(
        "UPDATE directory.invitations
         SET sent_at = $2, sendings = $3, expires_at = $4, state = $5, ended_at = $6, ended_by = $7, version = $8
         WHERE id = $1 AND version = $8::bigint - 1",
        new.id.uuid(),
        new.sent_at,
        sendings(new),
        new.expires_at,
        state.as_str(),
        ended_at,
        ended_by.map(PersonId::uuid),
        new.version.number(),
    )
    .execute(conn)
    .await?;
    exactly_one(&done)
}

/// Forgets the addresses of some invitations that ended before this time: whether there may be more.
pub(crate) async fn forget_emails(
    executor: impl PgExecutor<'_>,
    ended_before: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<bool> {
    let forgotten = sqlx::query!(
        "UPDATE directory.invitations SET email = NULL
         WHERE id IN (SELECT id FROM directory.invitations
                      WHERE email IS NOT NULL AND ended_at IS NOT NULL AND ended_at < $1
                      ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
        ended_before,
        limit,
    )
    .execute(executor)
    .await?;
    Ok(i64::try_from(forgotten.rows_affected()).is_ok_and(|rows| rows == limit))
}

fn sendings(invitation: &Invitation) -> i32 {
    i32::try_from(invitation.sendings).unwrap_or(i32::MAX)
}
