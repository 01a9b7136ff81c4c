-- Replacing keys, telling of their expiry, ending those whose secret leaked, and what an app's page shows.

ALTER TABLE key_issuer.keys
    -- The key in whose place this one came. Each is replaced once.
    ADD COLUMN replaces  uuid UNIQUE REFERENCES key_issuer.keys,
    -- When somebody reported that they had found its secret.
    ADD COLUMN leaked_at timestamptz,
    -- When it is next told that the key will expire; null if not any more.
    ADD COLUMN notice_at timestamptz CHECK (notice_at < expires_at);

-- A reported secret is looked for by its hash. Secrets are 256 random bits: no two are alike.
CREATE INDEX keys_by_secret ON key_issuer.keys (secret_hash);
CREATE INDEX keys_to_notice ON key_issuer.keys (notice_at)
    WHERE notice_at IS NOT NULL AND deleted_at IS NULL AND expired_at IS NULL;

CREATE FUNCTION key_issuer.guard_leak() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a leaked key stays leaked' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER guard_leak BEFORE UPDATE ON key_issuer.keys
    FOR EACH ROW WHEN (OLD.leaked_at IS NOT NULL AND NEW.leaked_at IS DISTINCT FROM OLD.leaked_at)
    EXECUTE FUNCTION key_issuer.guard_leak();

GRANT UPDATE (leaked_at, notice_at) ON key_issuer.keys TO mandate_key_issuer;

-- What was told, once each, whatever clocks do and whoever dies: the guard behind `key.expiring`.
CREATE TABLE key_issuer.key_notices (
    key_id     uuid        NOT NULL REFERENCES key_issuer.keys,
    days       smallint    NOT NULL CHECK (days >= 1),
    noticed_at timestamptz NOT NULL,
    PRIMARY KEY (key_id, days)
);
GRANT SELECT, INSERT ON key_issuer.key_notices TO mandate_key_issuer;

-- For which notice days every key's next notice was computed: one row. Where the setting is another, and for the keys
-- that are there already, they are computed again.
CREATE TABLE key_issuer.notice_days (
    single boolean    PRIMARY KEY DEFAULT true CHECK (single),
    days   smallint[] NOT NULL
);
INSERT INTO key_issuer.notice_days (days) VALUES ('{}');
GRANT SELECT, UPDATE ON key_issuer.notice_days TO mandate_key_issuer;

-- When an app last got a token: noted within seconds, exact to a minute. It decides nothing, so it is no event.
CREATE TABLE key_issuer.app_activity (
    app_id        uuid        PRIMARY KEY,
    last_token_at timestamptz NOT NULL
);
INSERT INTO key_issuer.app_activity (app_id, last_token_at)
    SELECT app_id, max(last_used_at) FROM key_issuer.keys WHERE last_used_at IS NOT NULL GROUP BY app_id;

-- How many requests for tokens in an app's name were refused, by the hour, for a little more than a day.
CREATE TABLE key_issuer.token_refusals (
    app_id   uuid        NOT NULL,
    hour     timestamptz NOT NULL,
    refusals bigint      NOT NULL CHECK (refusals >= 1),
    last_at  timestamptz NOT NULL,
    PRIMARY KEY (app_id, hour)
);
CREATE INDEX token_refusals_by_age ON key_issuer.token_refusals (hour);

GRANT SELECT, INSERT, UPDATE ON key_issuer.app_activity TO mandate_key_issuer;
GRANT SELECT, INSERT, UPDATE, DELETE ON key_issuer.token_refusals TO mandate_key_issuer;
