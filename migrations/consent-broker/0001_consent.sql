-- Consent links and grants. The service decides; what must never happen, whatever the service does,
-- is refused here a second time: a link is used once, a grant ends once, nothing is ever deleted.

-- The apps that have links, and whether they have ended. Whoever makes a link holds a share of its
-- app's row; the end of an app changes that row. So no link can slip in behind the end.
CREATE TABLE consent_broker.apps (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    archived_at     timestamptz
);

CREATE TABLE consent_broker.links (
    id                       uuid PRIMARY KEY,
    app_id                   uuid NOT NULL REFERENCES consent_broker.apps (id),
    organization_id          uuid NOT NULL,
    -- SHA-256 of the token; the token itself is only in the URL.
    token_hash               bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    hint                     text NOT NULL CHECK (char_length(hint) = 4),
    label                    text CHECK (char_length(label) BETWEEN 1 AND 255),
    created_by               uuid NOT NULL,
    created_at               timestamptz NOT NULL,
    expires_at               timestamptz NOT NULL CHECK (expires_at > created_at),
    state                    text NOT NULL,
    opened_at                timestamptz,
    opened_by                uuid,
    -- When and by whom it was granted, denied or revoked, or when its expiry was recorded.
    ended_at                 timestamptz,
    ended_by                 uuid,
    revocation_reason        text CHECK (revocation_reason IN ('requested', 'app_archived')),
    granted_accounts         uuid[] NOT NULL DEFAULT '{}',
    already_granted_accounts uuid[] NOT NULL DEFAULT '{}',
    version                  bigint NOT NULL CHECK (version >= 1),

    CONSTRAINT opened_by_someone CHECK ((opened_at IS NULL) = (opened_by IS NULL)),
    CONSTRAINT accounts_only_when_granted CHECK (
        (state = 'granted') = (cardinality(granted_accounts) + cardinality(already_granted_accounts) > 0)),
    CONSTRAINT reason_only_when_revoked CHECK ((state = 'revoked') = (revocation_reason IS NOT NULL)),
    CONSTRAINT state_and_its_times CHECK (CASE state
        WHEN 'pending' THEN opened_at IS NULL AND ended_at IS NULL AND ended_by IS NULL
        WHEN 'opened'  THEN opened_at IS NOT NULL AND ended_at IS NULL AND ended_by IS NULL
        -- Never used past its expiry, whether or not the expiry was recorded yet.
        WHEN 'granted' THEN ended_at IS NOT NULL AND ended_at < expires_at AND ended_by IS NOT NULL
        WHEN 'denied'  THEN ended_at IS NOT NULL AND ended_at < expires_at AND ended_by IS NOT NULL
        WHEN 'expired' THEN ended_at IS NOT NULL AND ended_at >= expires_at AND ended_by IS NULL
        WHEN 'revoked' THEN ended_at IS NOT NULL
            AND (ended_by IS NOT NULL) = (revocation_reason = 'requested')
        ELSE false
    END)
);

CREATE INDEX links_of_app ON consent_broker.links (app_id, id DESC);
-- What the sweeper looks for.
CREATE INDEX links_open ON consent_broker.links (expires_at) WHERE state IN ('pending', 'opened');

CREATE TABLE consent_broker.grants (
    id                uuid PRIMARY KEY,
    app_id            uuid NOT NULL,
    organization_id   uuid NOT NULL,
    account_id        uuid NOT NULL,
    link_id           uuid NOT NULL REFERENCES consent_broker.links (id),
    service           text NOT NULL,
    domains           jsonb NOT NULL CHECK (jsonb_typeof(domains) = 'array'),
    granted_by        uuid NOT NULL,
    role              text NOT NULL,
    granted_at        timestamptz NOT NULL,
    revoked_at        timestamptz CHECK (revoked_at >= granted_at),
    revoked_by        uuid,
    revocation_reason text CHECK (revocation_reason IN ('requested', 'app_archived')),
    version           bigint NOT NULL CHECK (version >= 1),

    CONSTRAINT revoked_for_a_reason CHECK ((revoked_at IS NULL) = (revocation_reason IS NULL)),
    CONSTRAINT revoked_by_whoever_requested_it CHECK (
        (revoked_by IS NOT NULL) = (revocation_reason IS NOT DISTINCT FROM 'requested'))
);

-- Consents add up: an account consents to an app once, until it revokes.
CREATE UNIQUE INDEX grants_live ON consent_broker.grants (app_id, account_id) WHERE revoked_at IS NULL;
CREATE INDEX grants_of_app ON consent_broker.grants (app_id, id DESC);
CREATE INDEX grants_of_account ON consent_broker.grants (account_id, id DESC);
CREATE INDEX grants_of_organization ON consent_broker.grants (organization_id, id DESC);

CREATE FUNCTION consent_broker.guard_link() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state NOT IN ('pending', 'opened') THEN
        RAISE EXCEPTION 'the link % is % and stays so', OLD.id, OLD.state USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'pending' OR (OLD.state = 'opened' AND NEW.state = 'opened') THEN
        RAISE EXCEPTION 'a link does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.app_id, NEW.organization_id, NEW.token_hash, NEW.hint, NEW.created_by, NEW.created_at, NEW.expires_at)
        IS DISTINCT FROM
       (OLD.id, OLD.app_id, OLD.organization_id, OLD.token_hash, OLD.hint, OLD.created_by, OLD.created_at, OLD.expires_at)
       OR NEW.label IS DISTINCT FROM OLD.label
       OR (OLD.opened_at IS NOT NULL AND (NEW.opened_at, NEW.opened_by) IS DISTINCT FROM (OLD.opened_at, OLD.opened_by))
    THEN
        RAISE EXCEPTION 'what the link % is for does not change', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'each change of the link % is one event', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER single_use BEFORE UPDATE ON consent_broker.links
    FOR EACH ROW EXECUTE FUNCTION consent_broker.guard_link();

CREATE FUNCTION consent_broker.guard_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.revoked_at IS NOT NULL THEN
        RAISE EXCEPTION 'the grant % is revoked and stays so', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.revoked_at IS NULL THEN
        RAISE EXCEPTION 'the grant % can only be revoked', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.app_id, NEW.organization_id, NEW.account_id, NEW.link_id, NEW.service, NEW.domains,
        NEW.granted_by, NEW.role, NEW.granted_at)
        IS DISTINCT FROM
       (OLD.id, OLD.app_id, OLD.organization_id, OLD.account_id, OLD.link_id, OLD.service, OLD.domains,
        OLD.granted_by, OLD.role, OLD.granted_at)
    THEN
        RAISE EXCEPTION 'what the grant % allows does not change', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'each change of the grant % is one event', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER revoked_once BEFORE UPDATE ON consent_broker.grants
    FOR EACH ROW EXECUTE FUNCTION consent_broker.guard_grant();

CREATE FUNCTION consent_broker.guard_app() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.archived_at IS NOT NULL OR (NEW.id, NEW.organization_id) IS DISTINCT FROM (OLD.id, OLD.organization_id) THEN
        RAISE EXCEPTION 'the app % only ends, and once', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER archived_once BEFORE UPDATE ON consent_broker.apps
    FOR EACH ROW EXECUTE FUNCTION consent_broker.guard_app();

CREATE FUNCTION consent_broker.refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'nothing is removed from %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON consent_broker.links
    FOR EACH STATEMENT EXECUTE FUNCTION consent_broker.refuse_removal();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON consent_broker.grants
    FOR EACH STATEMENT EXECUTE FUNCTION consent_broker.refuse_removal();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON consent_broker.apps
    FOR EACH STATEMENT EXECUTE FUNCTION consent_broker.refuse_removal();

GRANT SELECT, INSERT ON consent_broker.apps, consent_broker.links, consent_broker.grants
    TO mandate_consent_broker;
GRANT UPDATE (archived_at) ON consent_broker.apps TO mandate_consent_broker;
GRANT UPDATE (state, opened_at, opened_by, ended_at, ended_by, revocation_reason, granted_accounts,
              already_granted_accounts, version)
    ON consent_broker.links TO mandate_consent_broker;
GRANT UPDATE (revoked_at, revoked_by, revocation_reason, version)
    ON consent_broker.grants TO mandate_consent_broker;
