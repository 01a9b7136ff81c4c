-- Accounts of customers, the roles of people on them, and the API tokens of people.

CREATE TABLE directory.accounts (
    id          uuid PRIMARY KEY,
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    kind        text NOT NULL CHECK (kind IN ('advertiser', 'publisher')),
    service     text NOT NULL CHECK (service ~ '^[a-z0-9_]{1,64}$'),
    -- How the customer's own system names it: what makes an import repeatable.
    external_id text UNIQUE CHECK (char_length(external_id) BETWEEN 1 AND 200),
    version     bigint NOT NULL CHECK (version >= 1),
    created_at  timestamptz NOT NULL
);

CREATE TABLE directory.account_roles (
    id         uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES directory.accounts (id),
    person_id  uuid NOT NULL REFERENCES directory.people (id),
    role       text NOT NULL CHECK (role IN ('admin', 'business_manager', 'technical_manager',
                                             'analyst', 'viewer')),
    version    bigint NOT NULL CHECK (version >= 1),
    created_at timestamptz NOT NULL,
    UNIQUE (account_id, person_id)
);

CREATE INDEX account_roles_person ON directory.account_roles (person_id, account_id);

-- What an account is, it stays: grants and roles were given for it as this.
CREATE FUNCTION directory.freeze_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an account''s kind, service and external_id never change'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER accounts_frozen
    BEFORE UPDATE ON directory.accounts
    FOR EACH ROW WHEN ((OLD.id, OLD.kind, OLD.service, OLD.external_id)
                       IS DISTINCT FROM (NEW.id, NEW.kind, NEW.service, NEW.external_id))
    EXECUTE FUNCTION directory.freeze_account();

CREATE TABLE directory.api_tokens (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL REFERENCES directory.people (id),
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- SHA-256 of the secret. UNIQUE is also the index by which a request is authenticated.
    token_hash   bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    hint         text NOT NULL CHECK (char_length(hint) = 4),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz CHECK (expires_at > created_at),
    revoked_at   timestamptz,
    -- To the minute: a write for every request would cost more than it tells.
    last_used_at timestamptz,
    version      bigint NOT NULL CHECK (version >= 1)
);

CREATE INDEX api_tokens_person ON directory.api_tokens (person_id, id);

-- A revoked token stays revoked, and a token never changes hands, secret or lifetime.
CREATE FUNCTION directory.freeze_api_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an API token can only be used and revoked once'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER api_tokens_frozen
    BEFORE UPDATE ON directory.api_tokens
    FOR EACH ROW WHEN (
        (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
        OR (OLD.id, OLD.person_id, OLD.token_hash, OLD.expires_at, OLD.created_at)
           IS DISTINCT FROM (NEW.id, NEW.person_id, NEW.token_hash, NEW.expires_at, NEW.created_at))
    EXECUTE FUNCTION directory.freeze_api_token();

GRANT SELECT, INSERT ON directory.accounts TO mandate_directory;
-- The name can change; what makes an account this account cannot.
GRANT UPDATE (name, version) ON directory.accounts TO mandate_directory;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory.account_roles TO mandate_directory;
GRANT SELECT, INSERT ON directory.api_tokens TO mandate_directory;
GRANT UPDATE (revoked_at, last_used_at, version) ON directory.api_tokens TO mandate_directory;
