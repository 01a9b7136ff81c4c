-- People, organizations and memberships. Personal data (emails, names, password hashes) is kept in
-- these tables only and never in an event.
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

GRANT SELECT, INSERT, UPDATE ON directory.people TO mandate_directory;
GRANT SELECT, INSERT, UPDATE ON directory.organizations TO mandate_directory;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory.memberships TO mandate_directory;
