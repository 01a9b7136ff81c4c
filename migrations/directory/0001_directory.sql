-- People, organizations and memberships; accounts of customers, the roles of people on them, and the API
-- tokens of people. Personal data is never in an event. Emails and password hashes are kept in these tables
-- only; names are also in `details`, beside the events that brought them and beside the consents to which they
-- were shown.
--
-- `version` is everywhere the version of the aggregate's last event.

CREATE TABLE directory.people (
    id            uuid PRIMARY KEY,
    -- The normal form: lower case, so that uniqueness does not depend on how it was typed. The
    -- collation makes the check the same on every server.
    email         text NOT NULL UNIQUE
                  CHECK (email COLLATE "C" = lower(email COLLATE "C"))
                  CHECK (char_length(email) BETWEEN 3 AND 254 AND position('@' IN email) > 1),
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    -- A PHC string. Without one, the person signs in with API tokens only.
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    operator      boolean NOT NULL,
    version       bigint NOT NULL CHECK (version >= 1),
    created_at    timestamptz NOT NULL
);

CREATE INDEX people_operators ON directory.people (id) WHERE operator;

CREATE TABLE directory.organizations (
    id              uuid PRIMARY KEY,
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    kind            text NOT NULL CHECK (kind IN ('advertiser_or_brand', 'agency', 'inventory_supplier',
                                                  'data_supplier', 'technology_company', 'other')),
    contact_email   text NOT NULL CHECK (char_length(contact_email) BETWEEN 3 AND 254),
    country         text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    website         text CHECK (website ~ '^https?://' AND char_length(website) <= 2048),
    description     text CHECK (char_length(description) BETWEEN 1 AND 255),
    confirmed_at    timestamptz,
    -- What an operator enabled, as <service>/<domain>:<level>.
    enabled_domains text[] NOT NULL DEFAULT '{}' CHECK (array_position(enabled_domains, NULL) IS NULL),
    version         bigint NOT NULL CHECK (version >= 1),
    created_at      timestamptz NOT NULL
);

CREATE TABLE directory.memberships (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES directory.organizations (id),
    person_id       uuid NOT NULL REFERENCES directory.people (id),
    role            text NOT NULL CHECK (role IN ('owner', 'developer', 'auditor')),
    version         bigint NOT NULL CHECK (version >= 1),
    created_at      timestamptz NOT NULL,
    UNIQUE (organization_id, person_id)
);

CREATE INDEX memberships_person ON directory.memberships (person_id, organization_id);

-- An organization keeps an owner, whatever the code above does. The organization's row is locked
-- first: else two owners who leave at the same time would each still see the other.
CREATE FUNCTION directory.keep_an_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM directory.organizations WHERE id = OLD.organization_id FOR UPDATE;
    IF NOT EXISTS (SELECT FROM directory.memberships
                   WHERE organization_id = OLD.organization_id AND role = 'owner') THEN
        RAISE EXCEPTION 'organization % would have no owner', OLD.organization_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'memberships_keep_an_owner';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER memberships_keep_an_owner_when_removed
    AFTER DELETE ON directory.memberships
    FOR EACH ROW WHEN (OLD.role = 'owner')
    EXECUTE FUNCTION directory.keep_an_owner();

CREATE TRIGGER memberships_keep_an_owner_when_changed
    AFTER UPDATE ON directory.memberships
    FOR EACH ROW WHEN (OLD.role = 'owner' AND NEW.role <> 'owner')
    EXECUTE FUNCTION directory.keep_an_owner();

CREATE TABLE directory.accounts (
    id          uuid PRIMARY KEY,
    name        text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    kind        text NOT NULL CHECK (kind IN ('advertiser', 'publisher')),
    service     text NOT NULL CHECK (service ~ '^[a-z][a-z0-9_]{0,63}$'),
    -- How the customer's own system names it: what makes an import repeatable.
    external_id text UNIQUE CHECK (char_length(external_id) BETWEEN 1 AND 200),
    version     bigint NOT NULL CHECK (version >= 1),
    created_at  timestamptz NOT NULL
);

-- A page of a service's accounts is read in its order, without those of other services.
CREATE INDEX accounts_service ON directory.accounts (service, id);

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

GRANT SELECT, INSERT, UPDATE ON directory.people TO mandate_directory;
GRANT SELECT, INSERT, UPDATE ON directory.organizations TO mandate_directory;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory.memberships TO mandate_directory;
GRANT SELECT, INSERT ON directory.accounts TO mandate_directory;
-- The name can change; what makes an account this account cannot.
GRANT UPDATE (name, version) ON directory.accounts TO mandate_directory;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory.account_roles TO mandate_directory;
GRANT SELECT, INSERT ON directory.api_tokens TO mandate_directory;
GRANT UPDATE (revoked_at, last_used_at, version) ON directory.api_tokens TO mandate_directory;
