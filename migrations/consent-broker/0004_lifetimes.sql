-- Consent ends by itself. A grant has an expiry, from the lifetime that the catalogue gives its service and its link
-- may have asked to be shorter. It counts no more from that moment, by the clock of whoever asks; that it has
-- expired is recorded soon after. And the words that were shown are kept for receipts.

-- What was only the end by revocation is the end for any reason.
ALTER TABLE consent_broker.grants RENAME COLUMN revoked_at TO ended_at;
ALTER TABLE consent_broker.grants RENAME COLUMN revoked_by TO ended_by;
ALTER TABLE consent_broker.grants RENAME COLUMN revocation_reason TO end_reason;

-- What was shown to whoever consented, but for the name of the account: once for all who were shown the same.
CREATE TABLE consent_broker.shown_texts (
    sha256   bytea PRIMARY KEY CHECK (octet_length(sha256) = 32),
    -- BCP 47.
    language text NOT NULL,
    -- The very bytes that the hash is over: JSON. None once they were erased.
    text     text CHECK (sha256 = sha256(convert_to(text, 'UTF8')))
);

ALTER TABLE consent_broker.grants
    -- None for grants from before they were kept here.
    ADD COLUMN text_sha256 bytea REFERENCES consent_broker.shown_texts (sha256),
    -- None: it lives until it is revoked. Both say so, or neither.
    ADD COLUMN expires_at timestamptz,
    -- For how long it was granted: a renewal never gives more.
    ADD COLUMN lifetime_days integer CHECK (lifetime_days BETWEEN 1 AND 3650),
    -- Of a grant from before, whose expiry is still to be given: since when its service's lifetime counts. Those that
    -- are there get the moment of this migration; it costs nothing for each of them.
    ADD COLUMN awaits_expiry_since timestamptz DEFAULT now(),
    ADD COLUMN renewed_at timestamptz,
    ADD COLUMN renewed_by uuid,
    ADD COLUMN renewed_role text;
ALTER TABLE consent_broker.grants ALTER COLUMN awaits_expiry_since DROP DEFAULT;

-- For how many days the grants of a link live at most; none: as long as the catalogue says.
ALTER TABLE consent_broker.links
    ADD COLUMN grant_lifetime_days integer CHECK (grant_lifetime_days BETWEEN 1 AND 3650);

ALTER TABLE consent_broker.grants
    DROP CONSTRAINT grants_revocation_reason_check,
    DROP CONSTRAINT revoked_for_a_reason,
    DROP CONSTRAINT revoked_by_whoever_requested_it,
    ADD CONSTRAINT ended_for_a_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    ADD CONSTRAINT known_end_reason CHECK (end_reason IN ('requested', 'app_archived', 'expired')),
    ADD CONSTRAINT ended_by_whoever_requested_it CHECK (
        (ended_by IS NOT NULL) = (end_reason IS NOT DISTINCT FROM 'requested')),
    -- It ends at its expiry, or before.
    ADD CONSTRAINT ended_in_time CHECK (CASE
        WHEN end_reason = 'expired' THEN expires_at IS NOT NULL AND ended_at = expires_at
        ELSE ended_at IS NULL OR expires_at IS NULL OR ended_at < expires_at
    END),
    ADD CONSTRAINT expires_after_a_lifetime CHECK (
        (expires_at IS NULL) = (lifetime_days IS NULL) AND (expires_at IS NULL OR expires_at > granted_at)),
    ADD CONSTRAINT awaits_what_it_lacks CHECK (awaits_expiry_since IS NULL OR expires_at IS NULL),
    ADD CONSTRAINT renewed_by_someone CHECK (num_nulls(renewed_at, renewed_by, renewed_role) IN (0, 3));

-- What the state of a grant is called, as far as it is recorded. Lists are read in the order of indexes over it.
CREATE FUNCTION consent_broker.grant_state(end_reason text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN end_reason IS NULL THEN 'live' WHEN end_reason = 'expired' THEN 'expired' ELSE 'revoked' END;

-- From when a grant counts no more by itself, or infinity. `lifetimes` has the days of the catalogue's services, null
-- where there is no end, and under the empty name those of a service that has left the catalogue. A day has 24 hours.
CREATE FUNCTION consent_broker.grant_expiry(
    expires_at timestamptz, awaits_expiry_since timestamptz, service text, lifetimes jsonb) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(
        expires_at,
        awaits_expiry_since
            + make_interval(hours => 24 * (coalesce(lifetimes -> service, lifetimes -> '') #>> '{}')::integer),
        'infinity');

DROP INDEX consent_broker.grants_by_state;
CREATE INDEX grants_by_state ON consent_broker.grants (consent_broker.grant_state(end_reason), id DESC);
DROP INDEX consent_broker.grants_of_account_by_state;
CREATE INDEX grants_of_account_by_state
    ON consent_broker.grants (account_id, consent_broker.grant_state(end_reason), id DESC);
DROP INDEX consent_broker.grants_of_app_by_state;
CREATE INDEX grants_of_app_by_state ON consent_broker.grants (app_id, consent_broker.grant_state(end_reason), id DESC);
DROP INDEX consent_broker.grants_of_organization_by_state;
CREATE INDEX grants_of_organization_by_state
    ON consent_broker.grants (organization_id, consent_broker.grant_state(end_reason), id DESC);

-- What the sweeper looks for. Not for whoever asks about all that have not ended.
CREATE INDEX grants_due ON consent_broker.grants (expires_at) WHERE ended_at IS NULL AND expires_at IS NOT NULL;
-- What the upgrade looks for: nothing, once it is through.
CREATE INDEX grants_awaiting_expiry ON consent_broker.grants (awaits_expiry_since)
    WHERE awaits_expiry_since IS NOT NULL AND ended_at IS NULL;

CREATE OR REPLACE FUNCTION consent_broker.guard_grant() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_given boolean := OLD.awaits_expiry_since IS NOT NULL AND NEW.awaits_expiry_since IS NULL;
    is_renewed boolean := (NEW.renewed_at, NEW.renewed_by, NEW.renewed_role)
        IS DISTINCT FROM (OLD.renewed_at, OLD.renewed_by, OLD.renewed_role);
BEGIN
    IF OLD.ended_at IS NOT NULL THEN
        RAISE EXCEPTION 'the grant % has ended and stays so', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.id, NEW.app_id, NEW.organization_id, NEW.account_id, NEW.link_id, NEW.service, NEW.domains,
        NEW.granted_by, NEW.role, NEW.granted_at, NEW.text_sha256)
        IS DISTINCT FROM
       (OLD.id, OLD.app_id, OLD.organization_id, OLD.account_id, OLD.link_id, OLD.service, OLD.domains,
        OLD.granted_by, OLD.role, OLD.granted_at, OLD.text_sha256)
    THEN
        RAISE EXCEPTION 'what the grant % allows does not change', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'each change of the grant % is one event', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    -- One thing at a time: it ends, or it is given its expiry, or it is renewed.
    IF NEW.ended_at IS NOT NULL THEN
        IF is_renewed OR (NEW.expires_at, NEW.lifetime_days, NEW.awaits_expiry_since)
            IS DISTINCT FROM (OLD.expires_at, OLD.lifetime_days, OLD.awaits_expiry_since)
        THEN
            RAISE EXCEPTION 'the grant % ends as it is', OLD.id USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF is_renewed THEN
        -- One that awaits its expiry gets it with its renewal.
        IF NEW.awaits_expiry_since IS NOT NULL OR NEW.expires_at IS NULL
            OR NOT (is_given OR (NEW.expires_at > OLD.expires_at AND NEW.lifetime_days = OLD.lifetime_days))
        THEN
            RAISE EXCEPTION 'a renewal of the grant % only moves its expiry, and only forward', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
    ELSIF NOT is_given THEN
        RAISE EXCEPTION 'the grant % can only end or be renewed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

ALTER TRIGGER revoked_once ON consent_broker.grants RENAME TO ends_once;

CREATE OR REPLACE FUNCTION consent_broker.guard_link() RETURNS trigger LANGUAGE plpgsql AS $$
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
       OR NEW.grant_lifetime_days IS DISTINCT FROM OLD.grant_lifetime_days
       OR (OLD.opened_at IS NOT NULL AND (NEW.opened_at, NEW.opened_by) IS DISTINCT FROM (OLD.opened_at, OLD.opened_by))
    THEN
        RAISE EXCEPTION 'what the link % is for does not change', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'each change of the link % is one event', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON consent_broker.shown_texts
    FOR EACH STATEMENT EXECUTE FUNCTION consent_broker.refuse_removal();

GRANT SELECT, INSERT ON consent_broker.shown_texts TO mandate_consent_broker;
GRANT UPDATE (expires_at, lifetime_days, awaits_expiry_since, renewed_at, renewed_by, renewed_role)
    ON consent_broker.grants TO mandate_consent_broker;
