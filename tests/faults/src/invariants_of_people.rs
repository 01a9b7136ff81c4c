//! What must hold of people, as questions to the tables, each of which must find nothing.

/// The questions, and what it means if they find something.
pub(crate) const NEVER: [(&str, &str); 10] = [
    (
        "an invitation ended more than once",
        "SELECT stream_id::text FROM directory.events
         WHERE type IN ('mandate.invitation.accepted.v1', 'mandate.invitation.revoked.v1',
                        'mandate.invitation.expired.v1')
         GROUP BY stream_id HAVING count(*) > 1",
    ),
    (
        "an invitation was accepted, and its person is not what it is to",
        "SELECT i.id::text FROM directory.invitations i WHERE i.state = 'accepted'
           AND NOT EXISTS (SELECT FROM directory.memberships m
                           WHERE m.organization_id = i.organization_id AND m.person_id = i.ended_by
                             AND m.role = i.member_role)
           AND NOT EXISTS (SELECT FROM directory.account_roles r
                           WHERE r.account_id = i.account_id AND r.person_id = i.ended_by
                             AND r.role = i.account_role)",
    ),
    (
        "somebody became by an invitation what they did not accept",
        "SELECT g.id::text FROM (
             SELECT id, convert_from(envelope, 'UTF8')::jsonb AS event FROM directory.events
             WHERE type IN ('mandate.membership.granted.v1', 'mandate.account-role.granted.v1')) AS g
         WHERE g.event ->> 'authority' = 'invitation' AND 1 <> (
             SELECT count(*) FROM directory.invitations i
             WHERE i.state = 'accepted' AND i.ended_by = (g.event -> 'data' ->> 'person_id')::uuid
               AND (i.organization_id::text = g.event -> 'data' ->> 'organization_id'
                    OR i.account_id::text = g.event -> 'data' ->> 'account_id'))",
    ),
    (
        "an invitation was not sent as often as its events say",
        "SELECT i.id || ': ' || i.sendings FROM directory.invitations i WHERE i.sendings <> (
             SELECT count(*) FROM directory.events e WHERE e.stream_id = i.id
               AND e.type IN ('mandate.invitation.created.v1', 'mandate.invitation.sent-again.v1'))",
    ),
    (
        "a sign-in at a provider did not open one session",
        "SELECT s.stream_id::text FROM directory.events s
         CROSS JOIN LATERAL (SELECT convert_from(s.envelope, 'UTF8')::jsonb AS event) AS parsed
         WHERE s.type = 'mandate.sign-in.accepted.v1' AND event -> 'data' ->> 'method' = 'openid_connect'
           AND 1 <> (SELECT count(*) FROM directory.sessions o
                     JOIN directory.events e ON e.stream_id = o.id AND e.version = 1
                     WHERE o.person_id = (event -> 'data' ->> 'person_id')::uuid
                       AND o.identity_provider_id = (event -> 'data' ->> 'identity_provider_id')::uuid
                       AND convert_from(e.envelope, 'UTF8')::jsonb ->> 'correlationid' = event ->> 'correlationid')",
    ),
    (
        "a session was opened at a provider without a sign-in",
        "SELECT o.id::text FROM directory.sessions o
         JOIN directory.events e ON e.stream_id = o.id AND e.version = 1
         WHERE o.identity_provider_id IS NOT NULL AND 1 <> (
             SELECT count(*) FROM directory.events s
             WHERE s.type = 'mandate.sign-in.accepted.v1'
               AND convert_from(s.envelope, 'UTF8')::jsonb ->> 'correlationid'
                   = convert_from(e.envelope, 'UTF8')::jsonb ->> 'correlationid')",
    ),
    (
        // The clock of one replica may be hours behind: it believes no provider then.
        "a sign-in at a provider was refused for what nobody did",
        "SELECT id || ': ' || refusal FROM directory.events
         CROSS JOIN LATERAL (SELECT convert_from(envelope, 'UTF8')::jsonb -> 'data' AS data) AS parsed
         CROSS JOIN LATERAL (SELECT data ->> 'reason' AS refusal) AS told
         WHERE type = 'mandate.sign-in.refused.v1' AND data ->> 'identity_provider_id' IS NOT NULL
           AND refusal NOT IN ('sign_in_already_used', 'provider_unavailable', 'invalid_id_token')",
    ),
    (
        "somebody is known at providers otherwise than their events say",
        "SELECT p.id::text FROM directory.people p
         WHERE (SELECT count(*) FROM directory.identities i WHERE i.person_id = p.id) <> (
             SELECT count(*) FROM directory.events e
             WHERE e.stream_id = p.id AND e.type = 'mandate.person.identity-linked.v1')",
    ),
    (
        "a request for a domain was granted without the domain",
        "SELECT r.id::text FROM directory.domain_requests r
         JOIN directory.organizations o ON o.id = r.organization_id
         WHERE r.state = 'granted' AND NOT r.domain = ANY (o.enabled_domains)",
    ),
    (
        "what happens once happened more than once",
        "SELECT stream_kind || ' ' || stream_id FROM directory.events
         WHERE type IN ('mandate.session.ended.v1', 'mandate.domain-request.granted.v1',
                        'mandate.domain-request.declined.v1', 'mandate.contact-confirmation.completed.v1',
                        'mandate.password-reset.completed.v1', 'mandate.sign-in.accepted.v1')
         GROUP BY stream_kind, stream_id HAVING count(*) > 1",
    ),
];
