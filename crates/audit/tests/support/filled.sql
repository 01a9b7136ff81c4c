-- A log of 30,000 entries, nearly all tokens, as its owner can write it: at 5000, 15000 and 25000 an app is
-- edited, at 6000, 16000 and 26000 a consent is revoked, at 7000, 17000 and 27000 somebody signs in; every tenth
-- entry is a refused token. Entry n is recorded n seconds after the year began, and happened up to a minute
-- before. Things have ids that end in their number: organizations 1 and 2, apps 1 to 5 (the odd ones of the
-- first), account 1, people 1 and 2.
CREATE FUNCTION pg_temp.id(kind int, number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT ('00000000-0000-4000-800' || kind || '-' || lpad(number::text, 12, '0'))::uuid
$$;
INSERT INTO audit.entries
    (position, event_id, stream_kind, stream_id, version, type, source, organization, app_id, account_id, person_id,
     actor, correlation_id, occurred_at, recorded_at, envelope, bulk)
SELECT n, pg_temp.id(5, n), split_part(type, '.', 2),
    CASE type WHEN 'mandate.app.edited.v1' THEN app ELSE pg_temp.id(6, n) END,
    CASE type WHEN 'mandate.app.edited.v1' THEN n / 10000 + 1 ELSE 1 END,
    type,
    CASE type WHEN 'mandate.app.edited.v1' THEN 'app-registry' ELSE 'key-issuer' END,
    CASE WHEN type <> 'mandate.sign-in.accepted.v1' THEN pg_temp.id(1, 2 - number % 2) END,
    CASE WHEN type <> 'mandate.sign-in.accepted.v1' THEN app END,
    CASE type WHEN 'mandate.consent.revoked.v1' THEN pg_temp.id(3, 1) END,
    NULL,
    CASE type
        WHEN 'mandate.token.issued.v1' THEN 'app/' || app
        WHEN 'mandate.token.refused.v1' THEN 'anonymous'
        WHEN 'mandate.consent.revoked.v1' THEN 'user/' || pg_temp.id(4, 2)
        ELSE 'user/' || pg_temp.id(4, 1)
    END,
    pg_temp.id(7, n), recorded_at - n % 60 * interval '1 second', recorded_at, '{}', type = 'mandate.token.issued.v1'
FROM generate_series(1, 30000) AS n
CROSS JOIN LATERAL (SELECT
    timestamptz '2026-01-01 00:00:00Z' + n * interval '1 second' AS recorded_at,
    CASE
        WHEN n % 10000 = 5000 THEN 'mandate.app.edited.v1'
        WHEN n % 10000 = 6000 THEN 'mandate.consent.revoked.v1'
        WHEN n % 10000 = 7000 THEN 'mandate.sign-in.accepted.v1'
        WHEN n % 10 = 3 THEN 'mandate.token.refused.v1'
        ELSE 'mandate.token.issued.v1'
    END AS type
) AS kind
CROSS JOIN LATERAL (
    SELECT CASE type WHEN 'mandate.token.issued.v1' THEN n % 5 + 1 ELSE 1 END AS number
) AS of
CROSS JOIN LATERAL (SELECT pg_temp.id(2, number) AS app) AS concerned
ORDER BY n;
INSERT INTO audit.spans
SELECT position / 4096, min(occurred_at), max(occurred_at) FROM audit.entries GROUP BY 1;
UPDATE audit.head SET size = 30000, recorded_at = (SELECT max(recorded_at) FROM audit.entries);
ANALYZE audit.entries;
