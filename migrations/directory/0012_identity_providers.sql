-- Single sign-on: an organization's provider of identities, the identities that people have there, and sign-ins
-- that are under way.

CREATE TABLE directory.identity_providers (
    id                  uuid PRIMARY KEY,
    organization_id     uuid NOT NULL REFERENCES directory.organizations (id),
    issuer              text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 2048),
    client_id           text NOT NULL CHECK (char_length(client_id) BETWEEN 1 AND 255),
    -- The client secret has to be used again: sealed with a key that is not in this database. Two sealings under
    -- one nonce would betray both.
    sealed_secret       bytea NOT NULL,
    nonce               bytea NOT NULL UNIQUE CHECK (octet_length(nonce) = 12),
    vouches_for_domains boolean NOT NULL,
    default_role        text NOT NULL CHECK (default_role IN ('owner', 'developer', 'auditor')),
    required            boolean NOT NULL,
    -- Whether it is required and in effect: then nothing acts for the organization that does not stem from it.
    enforced            boolean NOT NULL CHECK (required OR NOT enforced),
    created_at          timestamptz NOT NULL,
    removed_at          timestamptz CHECK (removed_at IS NULL OR NOT enforced),
    version             bigint NOT NULL CHECK (version >= 1)
);

-- One at a time.
CREATE UNIQUE INDEX identity_providers_organization ON directory.identity_providers (organization_id)
    WHERE removed_at IS NULL;
-- Asked at every request, of the organizations of whoever calls.
CREATE UNIQUE INDEX identity_providers_enforced ON directory.identity_providers (organization_id) WHERE enforced;

-- Who answers for people is settled once: another issuer is another provider, with nothing confirmed.
CREATE FUNCTION directory.freeze_identity_provider() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an identity provider''s organization and issuer never change, and a removed one stays removed'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER identity_providers_frozen
    BEFORE UPDATE ON directory.identity_providers
    FOR EACH ROW WHEN (OLD.removed_at IS NOT NULL
                       OR (OLD.id, OLD.organization_id, OLD.issuer, OLD.created_at)
                          IS DISTINCT FROM (NEW.id, NEW.organization_id, NEW.issuer, NEW.created_at))
    EXECUTE FUNCTION directory.freeze_identity_provider();

CREATE TABLE directory.identity_provider_domains (
    identity_provider_id uuid NOT NULL REFERENCES directory.identity_providers (id),
    domain               text NOT NULL CHECK (char_length(domain) BETWEEN 3 AND 253
                                              AND domain COLLATE "C" = lower(domain COLLATE "C")),
    confirmed_at         timestamptz,
    confirmed_by         uuid REFERENCES directory.people (id),
    PRIMARY KEY (identity_provider_id, domain),
    CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL))
);

-- A domain is one provider's: whose email is of it signs in there, and nobody else's word for it counts.
CREATE UNIQUE INDEX identity_provider_domains_confirmed ON directory.identity_provider_domains (domain)
    WHERE confirmed_at IS NOT NULL;

-- Who somebody is at a provider. Personal.
CREATE TABLE directory.identities (
    issuer               text NOT NULL,
    subject              text NOT NULL CHECK (char_length(subject) BETWEEN 1 AND 255),
    person_id            uuid NOT NULL REFERENCES directory.people (id),
    -- The provider by whose word they were joined.
    identity_provider_id uuid NOT NULL REFERENCES directory.identity_providers (id),
    created_at           timestamptz NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE INDEX identities_person ON directory.identities (person_id);

-- Sign-ins that are under way. What has to be sent once more is made of the binding, which only whoever began it
-- has.
CREATE TABLE directory.sign_in_flows (
    id                   uuid PRIMARY KEY,
    identity_provider_id uuid NOT NULL REFERENCES directory.identity_providers (id),
    state_hash           bytea NOT NULL CHECK (octet_length(state_hash) = 32),
    binding_hash         bytea NOT NULL CHECK (octet_length(binding_hash) = 32),
    created_at           timestamptz NOT NULL,
    expires_at           timestamptz NOT NULL CHECK (expires_at > created_at),
    used_at              timestamptz
);

CREATE INDEX sign_in_flows_expiry ON directory.sign_in_flows (expires_at);

-- Each is used once, whatever the code above does.
CREATE FUNCTION directory.freeze_sign_in_flow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a sign-in is completed once'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER sign_in_flows_frozen
    BEFORE UPDATE ON directory.sign_in_flows
    FOR EACH ROW WHEN (OLD.used_at IS NOT NULL)
    EXECUTE FUNCTION directory.freeze_sign_in_flow();

-- What stems from a provider names one that there is, or was.
ALTER TABLE directory.sessions
    ADD CONSTRAINT sessions_identity_provider
    FOREIGN KEY (identity_provider_id) REFERENCES directory.identity_providers (id);
ALTER TABLE directory.api_tokens
    ADD CONSTRAINT api_tokens_identity_provider
    FOREIGN KEY (identity_provider_id) REFERENCES directory.identity_providers (id);

GRANT SELECT, INSERT ON directory.identity_providers TO mandate_directory;
GRANT UPDATE (client_id, sealed_secret, nonce, vouches_for_domains, default_role, required, enforced, removed_at,
              version)
    ON directory.identity_providers TO mandate_directory;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory.identity_provider_domains TO mandate_directory;
GRANT SELECT, INSERT ON directory.identities TO mandate_directory;
GRANT SELECT, INSERT, DELETE ON directory.sign_in_flows TO mandate_directory;
GRANT UPDATE (used_at) ON directory.sign_in_flows TO mandate_directory;
