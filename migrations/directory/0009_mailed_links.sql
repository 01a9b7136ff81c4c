-- What the links in mails are for: confirming an organization's contact address, choosing another password. Each is
-- used once, whichever of its mailed tokens is brought.

CREATE TABLE directory.contact_confirmations (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES directory.organizations (id),
    -- The address that it confirms: not another one that the organization has named since. Personal.
    email           text NOT NULL CHECK (char_length(email) BETWEEN 3 AND 254),
    requested_at    timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL CHECK (expires_at > requested_at),
    completed_at    timestamptz CHECK (completed_at < expires_at),
    version         bigint NOT NULL CHECK (version >= 1)
);

CREATE INDEX contact_confirmations_organization
    ON directory.contact_confirmations (organization_id, requested_at);

CREATE TABLE directory.password_resets (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL REFERENCES directory.people (id),
    requested_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at > requested_at),
    completed_at timestamptz CHECK (completed_at < expires_at),
    -- SHA-256 of the hash of the password that was the person's then. Once they have another, however they came by
    -- it, the link is worth nothing any more.
    replaces     bytea NOT NULL CHECK (octet_length(replaces) = 32),
    version      bigint NOT NULL CHECK (version >= 1)
);

CREATE FUNCTION directory.use_mailed_link_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a mailed link is used once' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER contact_confirmations_once
    BEFORE UPDATE ON directory.contact_confirmations
    FOR EACH ROW WHEN (OLD.completed_at IS NOT NULL)
    EXECUTE FUNCTION directory.use_mailed_link_once();

CREATE TRIGGER password_resets_once
    BEFORE UPDATE ON directory.password_resets
    FOR EACH ROW WHEN (OLD.completed_at IS NOT NULL)
    EXECUTE FUNCTION directory.use_mailed_link_once();

GRANT SELECT, INSERT ON directory.contact_confirmations TO mandate_directory;
GRANT UPDATE (completed_at, version) ON directory.contact_confirmations TO mandate_directory;
GRANT SELECT, INSERT ON directory.password_resets TO mandate_directory;
GRANT UPDATE (completed_at, version) ON directory.password_resets TO mandate_directory;
