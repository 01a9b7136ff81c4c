-- Requests of organizations for domains on request. What was typed, to ask and to answer, is here and beside the
-- events, never in them.

CREATE TABLE directory.domain_requests (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES directory.organizations (id),
    -- As <service>/<domain>:<level>.
    domain          text NOT NULL CHECK (domain ~ '^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*:(read|manage)$'),
    reason          text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 1000),
    requested_by    uuid NOT NULL REFERENCES directory.people (id),
    created_at      timestamptz NOT NULL,
    state           text NOT NULL,
    answered_at     timestamptz,
    answered_by     uuid REFERENCES directory.people (id),
    answer_reason   text CHECK (char_length(answer_reason) BETWEEN 1 AND 1000),
    version         bigint NOT NULL CHECK (version >= 1),

    CONSTRAINT state_and_its_answer CHECK (CASE state
        WHEN 'open'     THEN num_nonnulls(answered_at, answered_by, answer_reason) = 0
        WHEN 'granted'  THEN num_nonnulls(answered_at, answered_by) = 2
        WHEN 'declined' THEN num_nonnulls(answered_at, answered_by) = 2
        ELSE false
    END)
);

-- One open request for a domain at a time.
CREATE UNIQUE INDEX domain_requests_open ON directory.domain_requests (organization_id, domain)
    WHERE state = 'open';
CREATE INDEX domain_requests_of_organization ON directory.domain_requests (organization_id, id);
CREATE INDEX domain_requests_of_state ON directory.domain_requests (state, id);

CREATE FUNCTION directory.freeze_domain_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a request for a domain is answered once'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER domain_requests_frozen
    BEFORE UPDATE ON directory.domain_requests
    FOR EACH ROW WHEN (
        -- Of one that was answered what was typed can be erased, and nothing else changes.
        (OLD.state <> 'open'
         AND ((OLD.state, OLD.answered_at, OLD.answered_by, OLD.version)
              IS DISTINCT FROM (NEW.state, NEW.answered_at, NEW.answered_by, NEW.version)
              OR (NEW.answer_reason IS DISTINCT FROM OLD.answer_reason AND NEW.answer_reason IS NOT NULL)))
        OR (OLD.id, OLD.organization_id, OLD.domain, OLD.requested_by, OLD.created_at)
           IS DISTINCT FROM (NEW.id, NEW.organization_id, NEW.domain, NEW.requested_by, NEW.created_at))
    EXECUTE FUNCTION directory.freeze_domain_request();

GRANT SELECT, INSERT ON directory.domain_requests TO mandate_directory;
GRANT UPDATE (state, answered_at, answered_by, answer_reason, version)
    ON directory.domain_requests TO mandate_directory;
