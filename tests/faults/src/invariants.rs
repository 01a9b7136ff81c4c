//! What must hold, as questions to the tables.

use sqlx::{AssertSqlSafe, PgPool};

/// A table of state and the streams whose state it has.
pub(crate) struct StateTable {
    schema: &'static str,
    table: &'static str,
    id: &'static str,
    stream_kind: &'static str,
    /// The event that takes the row away.
    removed_by: &'static str,
}

const fn table(
    schema: &'static str,
    table: &'static str,
    id: &'static str,
    stream_kind: &'static str,
    removed_by: &'static str,
) -> StateTable {
    StateTable { schema, table, id, stream_kind, removed_by }
}

pub(crate) const STATE: [StateTable; 18] = [
    table("directory", "people", "id", "person", ""),
    table("directory", "organizations", "id", "organization", ""),
    table("directory", "memberships", "id", "membership", "mandate.membership.removed.v1"),
    table("directory", "accounts", "id", "account", ""),
    table("directory", "account_roles", "id", "account-role", "mandate.account-role.revoked.v1"),
    table("directory", "api_tokens", "id", "api-token", ""),
    table("directory", "sessions", "id", "session", ""),
    table("directory", "invitations", "id", "invitation", ""),
    table("directory", "domain_requests", "id", "domain-request", ""),
    table("directory", "identity_providers", "id", "identity-provider", ""),
    table("directory", "contact_confirmations", "id", "contact-confirmation", ""),
    table("directory", "password_resets", "id", "password-reset", ""),
    table("app_registry", "apps", "id", "app", ""),
    table("key_issuer", "keys", "key_id", "key", ""),
    table("key_issuer", "signing_keys", "signing_key_id", "signing-key", ""),
    table("consent_broker", "links", "id", "consent-link", ""),
    table("consent_broker", "grants", "id", "consent", ""),
    table("notifier", "subscribers", "id", "subscriber", ""),
];

/// Single questions, each of which must find nothing.
pub(crate) const NEVER: [(&str, &str); 18] = [
    (
        "an event of the audit index is not where its log says",
        "SELECT 'size ' || size || ', entries ' || (SELECT count(*) FROM audit.entries) || ', last '
                || (SELECT coalesce(max(position), 0) FROM audit.entries)
         FROM audit.head WHERE size <> (SELECT count(*) FROM audit.entries)
                            OR size <> (SELECT coalesce(max(position), 0) FROM audit.entries)",
    ),
    (
        "the versions of a stream are not 1, 2, 3 … in the audit index",
        "SELECT stream_id || ' has ' || version || ' at place ' || place FROM (
             SELECT stream_id, version, row_number() OVER (PARTITION BY stream_id ORDER BY position) AS place
             FROM audit.entries) AS numbered WHERE version <> place",
    ),
    (
        "something contradicts the audit index",
        "SELECT kind || ' ' || subject FROM audit.conflicts",
    ),
    (
        "the audit index has gaps",
        "SELECT stream_id || ' ' || from_version || '-' || to_version || ': ' || reason FROM audit.gaps",
    ),
    (
        "a link was redeemed more than once",
        "SELECT stream_id::text FROM consent_broker.events
         WHERE type IN ('mandate.consent-link.redeemed.v1', 'mandate.consent-link.denied.v1')
         GROUP BY stream_id HAVING count(*) > 1",
    ),
    (
        "a link has more than one grant for an account",
        "SELECT link_id::text FROM consent_broker.grants GROUP BY link_id, account_id HAVING count(*) > 1",
    ),
    (
        "a grant's link was not redeemed",
        "SELECT g.id::text FROM consent_broker.grants g JOIN consent_broker.links l ON l.id = g.link_id
         WHERE l.state <> 'granted' OR NOT g.account_id = ANY(l.granted_accounts)",
    ),
    (
        "a consent has outlived its end",
        "SELECT id::text FROM consent_broker.grants WHERE ended_at IS NULL AND expires_at <= now()",
    ),
    (
        "a consent expired more than once",
        "SELECT stream_id::text FROM consent_broker.events WHERE type = 'mandate.consent.expired.v1'
         GROUP BY stream_id HAVING count(*) > 1",
    ),
    (
        "a notice was sent more than once, or has not one mail",
        "SELECT min(id::text) FROM (
             SELECT e.id, convert_from(e.envelope, 'UTF8')::jsonb -> 'data' AS notice,
                    (SELECT count(*) FROM directory.mails m WHERE m.event_id = e.id) AS mails
             FROM consent_broker.events e WHERE e.type = 'mandate.consent-notice.sent.v1') AS sent
         GROUP BY notice ->> 'grant_id', notice ->> 'expires_at', notice ->> 'days'
         HAVING count(*) > 1 OR min(mails) <> 1",
    ),
    (
        // There is one operator, who is told of requests.
        "an event that asks for a mail has not one mail",
        "SELECT e.type || ' ' || e.id FROM directory.events e
         WHERE e.type IN ('mandate.contact-confirmation.requested.v1', 'mandate.password-reset.requested.v1',
                          'mandate.person.password-changed.v1', 'mandate.invitation.created.v1',
                          'mandate.invitation.sent-again.v1', 'mandate.domain-request.created.v1',
                          'mandate.domain-request.granted.v1', 'mandate.domain-request.declined.v1')
           AND (SELECT count(*) FROM directory.mails m WHERE m.event_id = e.id) <> 1",
    ),
    (
        "a mail has no event that asks for it",
        "SELECT m.id::text FROM directory.mails m
         WHERE NOT EXISTS (SELECT FROM directory.events e WHERE e.id = m.event_id)
           AND NOT EXISTS (SELECT FROM consent_broker.events e WHERE e.id = m.event_id)
           AND NOT EXISTS (SELECT FROM key_issuer.events e WHERE e.id = m.event_id)",
    ),
    (
        "a mail has not ended as its events say",
        "SELECT m.id || ' ' || coalesce(m.last_error, '') FROM directory.mails m
         WHERE m.sent_at IS NULL AND m.last_error IS DISTINCT FROM 'outdated' OR 1 <> (
             SELECT count(*) FROM directory.events e WHERE e.stream_id = m.id AND e.type = CASE
                 WHEN m.sent_at IS NULL THEN 'mandate.mail.abandoned.v1' ELSE 'mandate.mail.sent.v1' END)",
    ),
    (
        "the key issuer knows another app than the app registry",
        // It has all of an app's events, and follows those that change what its keys may do.
        "SELECT a.id || ': ' || k.state || ' ' || k.version || ', but ' || a.state || ' ' || a.version
         FROM app_registry.apps a LEFT JOIN key_issuer.apps k ON k.app_id = a.id
         LEFT JOIN key_issuer.consumer_positions p ON p.consumer = 'key-issuer-apps' AND p.stream_id = a.id
         WHERE a.activated_at IS NOT NULL AND (p.version, k.state, k.version) IS DISTINCT FROM (a.version, a.state, (
             SELECT max(e.version) FROM app_registry.events e WHERE e.stream_id = a.id AND e.type IN (
                 'mandate.app.activated.v1', 'mandate.app.suspended.v1', 'mandate.app.resumed.v1',
                 'mandate.app.archived.v1')))",
    ),
    (
        "an archived app has a key that works",
        "SELECT k.key_id::text FROM key_issuer.keys k JOIN app_registry.apps a ON a.id = k.app_id
         WHERE a.state = 'archived' AND k.deleted_at IS NULL AND k.expired_at IS NULL",
    ),
    (
        "a leaked key works, or the mail about it was not asked for once",
        "SELECT k.key_id::text FROM key_issuer.keys k
         WHERE k.leaked_at IS NOT NULL AND (k.ends_at IS NULL OR k.ends_at > k.leaked_at OR 1 <> (
             SELECT count(*) FROM directory.mails m JOIN key_issuer.events e ON e.id = m.event_id
             WHERE e.stream_id = k.key_id AND e.type = 'mandate.key.leaked.v1'))",
    ),
    (
        "an archived app has a link that can be used",
        "SELECT l.id::text FROM consent_broker.links l JOIN app_registry.apps a ON a.id = l.app_id
         WHERE a.state = 'archived' AND l.state IN ('pending', 'opened')",
    ),
    (
        "an archived app has a consent",
        "SELECT g.id::text FROM consent_broker.grants g JOIN app_registry.apps a ON a.id = g.app_id
         WHERE a.state = 'archived' AND g.ended_at IS NULL",
    ),
];

/// Where names that are made once are kept.
pub(crate) const NAMED: [&str; 8] = [
    "SELECT name FROM directory.people",
    "SELECT name FROM directory.organizations",
    "SELECT name FROM directory.accounts",
    "SELECT split_part(email, '@', 1) FROM directory.invitations",
    "SELECT reason FROM directory.domain_requests",
    "SELECT name FROM app_registry.apps",
    // One that comes in place of another has its name.
    "SELECT name FROM key_issuer.keys WHERE replaces IS NULL",
    "SELECT label FROM consent_broker.links",
];

impl StateTable {
    /// No state without its event, and no event without its state.
    pub(crate) async fn compare(&self, pool: &PgPool) -> sqlx::Result<Vec<String>> {
        let Self { schema, table, id, stream_kind, removed_by } = self;
        let query = format!(
            "WITH heads AS (
                 SELECT DISTINCT ON (stream_id) stream_id, version, type FROM {schema}.events
                 WHERE stream_kind = '{stream_kind}' ORDER BY stream_id, version DESC)
             SELECT coalesce(s.{id}, h.stream_id) || ': state ' || coalesce(s.version::text, 'none')
                    || ', events ' || coalesce(h.version::text, 'none')
             FROM heads h FULL JOIN {schema}.{table} s ON s.{id} = h.stream_id
             WHERE s.version IS DISTINCT FROM h.version
               AND NOT (s.{id} IS NULL AND h.type = '{removed_by}')"
        );
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(pool).await
    }

    /// Its name in findings.
    pub(crate) fn name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }
}
