//! GET /v1/people/me/export

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use contract::rpc::{AccountRole, MemberRole};
use contract::{AccountId, OrganizationId, PersonId, SessionId};
use serde::{Deserialize, Serialize};
use service::http::page::{decode_cursor, encode_cursor};
use service::http::{Json, Query};
use service::{Caller, Fault, Problem};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::PersonAnswer;
use super::exported::{ExportedInvitation, ExportedMail};
use crate::Directory;
use crate::http::api_tokens::TokenAnswer;
use crate::http::domain_requests::DomainRequestAnswer;
use crate::session::Session;
use crate::store::export::{HeldMembership, HeldRole, KnownNetwork};
use crate::store::identities::Identity;
use crate::store::{self, Slice};

/// So many of each are in one answer.
const PORTION: usize = 1_000;

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct ExportQuery {
    /// The `next_cursor` of the answer before.
    #[serde(default)]
    cursor: Option<String>,
}

/// How far each list has come. What comes after the last of a list that is complete is nothing, unless it is new.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Reached {
    memberships: Uuid,
    account_roles: Uuid,
    organizations_made: Uuid,
    sessions: Uuid,
    api_tokens: Uuid,
    mails: Uuid,
    invitations_sent: Uuid,
    invitations_accepted: Uuid,
    domain_requests: Uuid,
    /// In hexadecimal.
    networks: String,
}

/// What is held on the caller, or a portion of it.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Export {
    /// When it was read.
    exported_at: DateTime<Utc>,
    /// Who they are.
    person: PersonAnswer,
    /// Their memberships of organizations.
    memberships: Vec<ExportedMembership>,
    /// Their roles on accounts.
    account_roles: Vec<ExportedRole>,
    /// The organizations that they made.
    organizations_made: Vec<OrganizationId>,
    /// Their sessions, ended ones included. Of those the device is forgotten.
    sessions: Vec<ExportedSession>,
    /// Their API tokens, revoked and expired ones included, without the secrets.
    api_tokens: Vec<TokenAnswer>,
    /// The mails to their address that are to be sent, or were sent or given up in the last 30 days.
    mails: Vec<ExportedMail>,
    /// The invitations that they sent.
    invitations_sent: Vec<ExportedInvitation>,
    /// The invitations that they accepted.
    invitations_accepted: Vec<ExportedInvitation>,
    /// The domains that they asked for, and what was answered.
    domain_requests: Vec<DomainRequestAnswer>,
    /// Who they are at identity providers; in the first answer only, and there all.
    identities: Vec<ExportedIdentity>,
    /// The networks from which they have signed in, which are kept as keyed hashes: when last from each.
    networks: Vec<ExportedNetwork>,
    /// Where the next portion begins; null on the last one.
    next_cursor: Option<String>,
}

/// A membership.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedMembership {
    /// The organization.
    organization_id: OrganizationId,
    /// Its name.
    organization_name: String,
    /// The role.
    role: MemberRole,
    /// Since when.
    created_at: DateTime<Utc>,
}

/// A role on an account.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedRole {
    /// The account.
    account_id: AccountId,
    /// Its name.
    account_name: String,
    /// Its service.
    service: String,
    /// The role.
    role: AccountRole,
    /// Since when.
    created_at: DateTime<Utc>,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedSession {
    /// Its id.
    id: SessionId,
    /// What the device said of itself.
    user_agent: Option<String>,
    /// When it was opened.
    created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    last_used_at: DateTime<Utc>,
    /// When it ends at the latest.
    expires_at: DateTime<Utc>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
}

/// Who somebody is at an identity provider.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedIdentity {
    /// The provider's issuer.
    issuer: String,
    /// How the provider names them.
    subject: String,
    /// Since when they are known there.
    created_at: DateTime<Utc>,
}

/// A network.
#[derive(Debug, Serialize, ToSchema)]
struct ExportedNetwork {
    /// When they signed in there last.
    last_at: DateTime<Utc>,
}

/// Export my data
///
/// All that is held on the caller beside the log: who they are, what they may, what proves them, from where they
/// signed in, what was written to them, whom they invited and what they asked for. One answer has at most 1,000 of
/// each list; what is over is at `cursor=<next_cursor>`, and the lists of all answers together are the whole. What
/// the caller did, and from which address, is in the log: `GET /v1/events?actor=user/<id>`.
#[utoipa::path(
    get,
    path = "/v1/people/me/export",
    operation_id = "exportMe",
    tag = "people",
    params(ExportQuery),
    responses(
        (status = 200, description = "What is held on the caller.", body = Export),
        (status = 401, description = "No valid token.", body = Problem),
        (status = 422, description = "A wrong parameter.", body = Problem),
    ),
    security(("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([])),
        ("x-mandate-roles" = json!(["person"])),
    ),
)]
pub(in crate::http) async fn export(
    State(directory): State<Arc<Directory>>,
    caller: Caller,
    Query(query): Query<ExportQuery>,
) -> Result<Json<Export>, Problem> {
    let cursor = query.cursor.as_deref().map(decode_cursor::<Reached>).transpose()?;
    let mut reached = cursor.unwrap_or_default();
    let network = hex::decode(&reached.networks)
        .map_err(|_| Problem::invalid_field("cursor", Fault::bad_cursor()))?;
    let id = caller.person_id;
    let limit = i64::try_from(PORTION).unwrap_or(i64::MAX);
    let slice = |after| Slice { after: Some(after), limit };

    let mut conn = directory.resources.pool.acquire().await?;
    let person = store::people::find(&mut conn, id).await?;
    let person = person.ok_or_else(Problem::no_such::<PersonId>)?;
    let memberships = store::export::memberships(&mut conn, id, reached.memberships, limit).await?;
    let account_roles =
        store::export::account_roles(&mut conn, id, reached.account_roles, limit).await?;
    let organizations_made =
        store::export::organizations_made(&mut conn, id, reached.organizations_made, limit).await?;
    let sessions = store::sessions::list(&mut conn, id, slice(reached.sessions)).await?;
    let api_tokens = store::api_tokens::list(&mut conn, id, slice(reached.api_tokens)).await?;
    let mails = store::export::mails(&mut conn, &person.email, reached.mails, limit).await?;
    let invitations_sent =
        store::invitations::sent_by(&mut conn, id, slice(reached.invitations_sent)).await?;
    let invitations_accepted =
        store::invitations::accepted_by(&mut conn, id, slice(reached.invitations_accepted)).await?;
    let domain_requests =
        store::domain_requests::of_person(&mut conn, id, slice(reached.domain_requests)).await?;
    let networks = store::export::networks(&mut conn, id, &network, limit).await?;
    let identities = match query.cursor {
        None => store::identities::of_person(&mut conn, id).await?,
        Some(_) => Vec::new(),
    };
    drop(conn);

    let more = [
        go_on(&mut reached.memberships, &memberships, |row| row.organization_id.uuid()),
        go_on(&mut reached.account_roles, &account_roles, |row| row.account_id.uuid()),
        go_on(&mut reached.organizations_made, &organizations_made, |id| id.uuid()),
        go_on(&mut reached.sessions, &sessions, |row| row.id.uuid()),
        go_on(&mut reached.api_tokens, &api_tokens, |row| row.id.uuid()),
        go_on(&mut reached.mails, &mails, |row| row.id.uuid()),
        go_on(&mut reached.invitations_sent, &invitations_sent, |row| row.id.uuid()),
        go_on(&mut reached.invitations_accepted, &invitations_accepted, |row| row.id.uuid()),
        go_on(&mut reached.domain_requests, &domain_requests, |row| row.id.uuid()),
        go_on(&mut reached.networks, &networks, |row| hex::encode(&row.network)),
    ];
    let next_cursor = more.contains(&true).then(|| encode_cursor(&reached)).transpose()?;
    let now = directory.resources.env.now();
    let sent = |invitation| ExportedInvitation::sent(invitation, now);
    let accepted = |invitation| ExportedInvitation::accepted(invitation, now);
    Ok(Json(Export {
        exported_at: now,
        person: person.into(),
        memberships: memberships.into_iter().map(ExportedMembership::from).collect(),
        account_roles: account_roles.into_iter().map(ExportedRole::from).collect(),
        organizations_made,
        sessions: sessions.into_iter().map(ExportedSession::from).collect(),
        api_tokens: api_tokens.into_iter().map(TokenAnswer::from).collect(),
        mails: mails.into_iter().map(ExportedMail::from).collect(),
        invitations_sent: invitations_sent.iter().map(sent).collect(),
        invitations_accepted: invitations_accepted.iter().map(accepted).collect(),
        domain_requests: domain_requests.into_iter().map(DomainRequestAnswer::from).collect(),
        identities: identities.into_iter().map(ExportedIdentity::from).collect(),
        networks: networks.into_iter().map(ExportedNetwork::from).collect(),
        next_cursor,
    }))
}

/// Moves the place to the last of these rows. Whether there may be more after it.
fn go_on<T, K>(reached: &mut K, rows: &[T], key: impl Fn(&T) -> K) -> bool {
    if let Some(last) = rows.last() {
        *reached = key(last);
    }
    rows.len() == PORTION
}

impl From<HeldMembership> for ExportedMembership {
    fn from(held: HeldMembership) -> Self {
        Self {
            organization_id: held.organization_id,
            organization_name: held.organization_name,
            role: held.role,
            created_at: held.created_at,
        }
    }
}

impl From<Identity> for ExportedIdentity {
    fn from(identity: Identity) -> Self {
        let Identity { issuer, subject, created_at } = identity;
        Self { issuer, subject, created_at }
    }
}

impl From<HeldRole> for ExportedRole {
    fn from(held: HeldRole) -> Self {
        Self {
            account_id: held.account_id,
            account_name: held.account_name,
            service: held.service,
            role: held.role,
            created_at: held.created_at,
        }
    }
}

impl From<Session> for ExportedSession {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            user_agent: session.user_agent,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            ended_at: session.ended_at,
        }
    }
}

impl From<KnownNetwork> for ExportedNetwork {
    fn from(known: KnownNetwork) -> Self {
        Self { last_at: known.last_at }
    }
}
