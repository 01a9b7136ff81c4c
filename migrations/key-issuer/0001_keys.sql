-- Apps as the key issuer knows them, the keys of apps, and the keys that sign access tokens.

-- What the key issuer must know of an app to answer at once: kept up to date from the app
-- registry's events, and written ahead of them when a key is made. `version` is the version of the
-- app's own stream that the row reflects, so that an older view never overwrites a newer one.
-- Its row is also the lock under which the keys of one app are counted.
CREATE TABLE key_issuer.apps (
    app_id                uuid   PRIMARY KEY,
    organization_id       uuid   NOT NULL,
    -- A draft is never here: only activated apps have keys.
    state                 text   NOT NULL CHECK (state IN ('active', 'suspended', 'archived')),
    authentication_method text   NOT NULL CHECK (authentication_method IN ('client_credentials', 'authorization_code')),
    -- Fixed at activation, separated by spaces (RFC 6749 section 3.3).
    scope                 text   NOT NULL,
    version               bigint NOT NULL CHECK (version >= 1)
);

CREATE TABLE key_issuer.keys (
    key_id       uuid        PRIMARY KEY,
    app_id       uuid        NOT NULL REFERENCES key_issuer.apps,
    name         text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- SHA-256 of a secret of 256 random bits; the secret itself is nowhere.
    secret_hash  bytea       NOT NULL CHECK (octet_length(secret_hash) = 32),
    secret_hint  text        NOT NULL CHECK (char_length(secret_hint) = 4),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz CHECK (expires_at > created_at),
    deleted_at   timestamptz,
    -- From when a deleted key works no more.
    ends_at      timestamptz,
    -- When `key.expired` was recorded; the key stopped working at `expires_at`, not here.
    expired_at   timestamptz CHECK (expired_at >= expires_at),
    -- Seen within a minute, not exactly; no event, hence no version.
    last_used_at timestamptz,
    version      bigint      NOT NULL CHECK (version >= 1),
    CHECK ((deleted_at IS NULL) = (ends_at IS NULL)),
    CHECK (ends_at >= deleted_at),
    -- A key ends in one way.
    CHECK (deleted_at IS NULL OR expired_at IS NULL),
    CHECK (expired_at IS NULL OR expires_at IS NOT NULL)
);
CREATE INDEX keys_of_app ON key_issuer.keys (app_id, key_id);
CREATE INDEX keys_to_expire ON key_issuer.keys (expires_at)
    WHERE expires_at IS NOT NULL AND deleted_at IS NULL AND expired_at IS NULL;

-- "Then never again": whatever the code does, a key's secret and expiry stay as they were made, and
-- an end, once set, only ever comes nearer.
CREATE FUNCTION key_issuer.guard_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.key_id, NEW.app_id, NEW.secret_hash, NEW.secret_hint, NEW.created_at)
        IS DISTINCT FROM (OLD.key_id, OLD.app_id, OLD.secret_hash, OLD.secret_hint, OLD.created_at)
        OR NEW.expires_at IS DISTINCT FROM OLD.expires_at
    THEN
        RAISE EXCEPTION 'a key''s app, secret and expiry never change' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.ends_at IS NOT NULL AND (NEW.ends_at IS NULL OR NEW.ends_at > OLD.ends_at) THEN
        RAISE EXCEPTION 'a deleted key never comes back' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.expired_at IS NOT NULL AND NEW.expired_at IS DISTINCT FROM OLD.expired_at THEN
        RAISE EXCEPTION 'an expired key never comes back' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.version NOT IN (OLD.version, OLD.version + 1) THEN
        RAISE EXCEPTION 'a key''s versions have no gaps' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_key BEFORE UPDATE ON key_issuer.keys
    FOR EACH ROW EXECUTE FUNCTION key_issuer.guard_key();

-- An archived app stays archived, and what was activated stays what it was.
CREATE FUNCTION key_issuer.guard_app() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.app_id, NEW.organization_id, NEW.authentication_method, NEW.scope)
        IS DISTINCT FROM (OLD.app_id, OLD.organization_id, OLD.authentication_method, OLD.scope)
    THEN
        RAISE EXCEPTION 'an activated app never changes' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state = 'archived' AND NEW.state <> 'archived' THEN
        RAISE EXCEPTION 'an archived app never comes back' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.version < OLD.version THEN
        RAISE EXCEPTION 'an older view of an app came after a newer one' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_app BEFORE UPDATE ON key_issuer.apps
    FOR EACH ROW EXECUTE FUNCTION key_issuer.guard_app();

-- The keys that sign access tokens.
CREATE TABLE key_issuer.signing_keys (
    signing_key_id uuid        PRIMARY KEY,
    -- One key an algorithm: replicas that start together cannot make two.
    algorithm      text        NOT NULL UNIQUE CHECK (algorithm = 'ES256'),
    -- The uncompressed point (SEC 1 section 2.3.3).
    public_key     bytea       NOT NULL CHECK (octet_length(public_key) = 65),
    -- PKCS #8, sealed with AES-256-GCM under the master key; bound to signing_key_id.
    sealed_private bytea       NOT NULL,
    nonce          bytea       NOT NULL UNIQUE CHECK (octet_length(nonce) = 12),
    created_at     timestamptz NOT NULL,
    version        bigint      NOT NULL CHECK (version >= 1)
);

GRANT SELECT, INSERT, UPDATE ON key_issuer.apps TO mandate_key_issuer;
GRANT SELECT, INSERT ON key_issuer.keys TO mandate_key_issuer;
GRANT UPDATE (name, deleted_at, ends_at, expired_at, last_used_at, version) ON key_issuer.keys TO mandate_key_issuer;
GRANT SELECT, INSERT ON key_issuer.signing_keys TO mandate_key_issuer;
