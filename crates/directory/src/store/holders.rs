//! For whom tokens speak: one statement for each kind of token, because every request of every service asks it.
//! Of the memberships no more than is answered: others can give somebody any number.

use std::collections::HashMap;

use contract::rpc::{
    AuthenticatedPerson, KnownMemberships, MAX_KNOWN_MEMBERSHIPS, MemberRole, Membership,
};
use contract::secret::SecretHash;
use contract::{
    ApiTokenId, Credential, IdentityProviderId, OrganizationId, PersonId, SessionId, TokenScope,
};
use eventstore::rows::version;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Named;
use super::memberships::known_as;
use crate::api_token::TokenRecord;
use crate::session::Session;

/// What is known of each token, and for whom it speaks, by its hash.
type Holders<T> = HashMap<SecretHash, (T, AuthenticatedPerson)>;

/// The API tokens with these hashes and whom they speak for, be they live or not, but for people who are
/// deactivated, and for tokens of operators who are none any more.
pub(crate) async fn of_api_tokens(
    conn: &mut PgConnection,
    hashes: &[SecretHash],
) -> Result<Holders<TokenRecord>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT t.token_hash, t.id, t.person_id, t.parent_id, t.session_id, t.identity_provider_id, t.scope, t.name,
                  t.hint, t.created_at, t.expires_at, t.revoked_at, t.last_used_at, t.version, p.operator,
                  ARRAY(SELECT m.organization_id FROM directory.memberships m
                        WHERE m.person_id = p.id ORDER BY m.organization_id LIMIT $2) AS "organizations!",
                  ARRAY(SELECT m.role FROM directory.memberships m
                        WHERE m.person_id = p.id ORDER BY m.organization_id LIMIT $2) AS "roles!",
                  ARRAY(SELECT (SELECT ip.id FROM directory.identity_providers ip
                                WHERE ip.organization_id = m.organization_id AND ip.enforced)
                        FROM directory.memberships m
                        WHERE m.person_id = p.id ORDER BY m.organization_id LIMIT $2)
                      AS "required!: Vec<Option<Uuid>>"
           FROM directory.api_tokens t JOIN directory.people p ON p.id = t.person_id
           WHERE t.token_hash = ANY($1) AND p.deactivated_at IS NULL"#,
        &bytes(hashes),
        one_more(),
    )
    .fetch_all(conn)
    .await?;
    let mut holders = HashMap::with_capacity(rows.len());
    for row in rows {
        let record = TokenRecord {
            id: ApiTokenId::from_uuid(row.id),
            person_id: PersonId::from_uuid(row.person_id),
            parent_id: row.parent_id.map(ApiTokenId::from_uuid),
            session_id: row.session_id.map(SessionId::from_uuid),
            identity_provider_id: row.identity_provider_id.map(IdentityProviderId::from_uuid),
            scope: row.scope.as_deref().map(TokenScope::read).transpose()?,
            name: row.name,
            hint: row.hint,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
            version: version(row.version)?,
        };
        let provider = record.identity_provider_id;
        let (known, more_memberships) =
            memberships(&row.organizations, &row.roles, &row.required, provider)?;
        let person = AuthenticatedPerson {
            person_id: record.person_id,
            // Whoever sets up a provider must not get an operator's right by it.
            operator: row.operator && provider.is_none(),
            memberships: known.memberships,
            sign_in_required: known.sign_in_required,
            more_memberships,
            credential: Credential::ApiToken(record.id),
            identity_provider_id: record.identity_provider_id,
            scope: None,
        };
        let person = match record.scope {
            None => Some(person),
            Some(scope) => limited(&person, scope),
        };
        if let Some(person) = person {
            holders.insert(hash(&row.token_hash)?, (record, person));
        }
    }
    Ok(holders)
}

/// The sessions with these hashes and whom they speak for, likewise.
pub(crate) async fn of_sessions(
    conn: &mut PgConnection,
    hashes: &[SecretHash],
) -> Result<Holders<Session>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT s.token_hash, s.id, s.person_id, s.user_agent, s.identity_provider_id, s.created_at, s.expires_at,
                  s.last_used_at, s.ended_at, s.version, p.operator,
                  ARRAY(SELECT m.organization_id FROM directory.memberships m
                        WHERE m.person_id = p.id ORDER BY m.organization_id LIMIT $2) AS "organizations!",
                  ARRAY(SELECT m.role FROM directory.memberships m
                        WHERE m.person_id = p.id ORDER BY m.organization_id LIMIT $2) AS "roles!",
                  ARRAY(SELECT (SELECT ip.id FROM directory.identity_providers ip
                                WHERE ip.organization_id = m.organization_id AND ip.enforced)
                        FROM directory.memberships m
                        WHERE m.person_id = p.id ORDER BY m.organization_id LIMIT $2)
                      AS "required!: Vec<Option<Uuid>>"
           FROM directory.sessions s JOIN directory.people p ON p.id = s.person_id
           WHERE s.token_hash = ANY($1) AND p.deactivated_at IS NULL"#,
        &bytes(hashes),
        one_more(),
    )
    .fetch_all(conn)
    .await?;
    let mut holders = HashMap::with_capacity(rows.len());
    for row in rows {
        let session = Session {
            id: SessionId::from_uuid(row.id),
            person_id: PersonId::from_uuid(row.person_id),
            user_agent: row.user_agent,
            identity_provider_id: row.identity_provider_id.map(IdentityProviderId::from_uuid),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            ended_at: row.ended_at,
            version: version(row.version)?,
        };
        let provider = session.identity_provider_id;
        let (known, more_memberships) =
            memberships(&row.organizations, &row.roles, &row.required, provider)?;
        let person = AuthenticatedPerson {
            person_id: session.person_id,
            // Whoever sets up a provider must not get an operator's right by it.
            operator: row.operator && provider.is_none(),
            memberships: known.memberships,
            sign_in_required: known.sign_in_required,
            more_memberships,
            credential: Credential::Session(session.id),
            identity_provider_id: session.identity_provider_id,
            scope: None,
        };
        holders.insert(hash(&row.token_hash)?, (session, person));
    }
    Ok(holders)
}

/// Of a person what a token says that is limited so: nobody is let in as an operator or a member by one. None, if they
/// may no longer have it.
fn limited(person: &AuthenticatedPerson, scope: TokenScope) -> Option<AuthenticatedPerson> {
    let may = match scope {
        TokenScope::AuditLog => person.operator,
    };
    may.then(|| AuthenticatedPerson {
        operator: false,
        memberships: Vec::new(),
        sign_in_required: Vec::new(),
        more_memberships: false,
        scope: Some(scope),
        ..*person
    })
}

/// The memberships that are answered to a credential that stems from this provider, and whether there are more.
fn memberships(
    organizations: &[Uuid],
    roles: &[String],
    required: &[Option<Uuid>],
    provider: Option<IdentityProviderId>,
) -> Result<(KnownMemberships, bool), sqlx::Error> {
    let mut known = KnownMemberships::default();
    let all = organizations.iter().zip(roles).zip(required);
    for ((organization, role), required) in all.take(MAX_KNOWN_MEMBERSHIPS) {
        let organization_id = OrganizationId::from_uuid(*organization);
        let membership = Membership { organization_id, role: MemberRole::read(role)? };
        known_as(&mut known, membership, required.map(IdentityProviderId::from_uuid), provider);
    }
    Ok((known, organizations.len() > MAX_KNOWN_MEMBERSHIPS))
}

/// So many memberships are read: one more than are answered, which tells whether there are more.
fn one_more() -> i64 {
    i64::try_from(MAX_KNOWN_MEMBERSHIPS).unwrap_or(i64::MAX).saturating_add(1)
}

fn bytes(hashes: &[SecretHash]) -> Vec<Vec<u8>> {
    hashes.iter().map(|hash| hash.0.to_vec()).collect()
}

fn hash(bytes: &[u8]) -> Result<SecretHash, sqlx::Error> {
    SecretHash::from_slice(bytes)
        .ok_or_else(|| sqlx::Error::Decode("token_hash: not 32 bytes".into()))
}
