-- Notices, to whoever granted a consent or renewed it last, that it will end.

-- That one was sent: each once, whatever the clock does and whoever dies.
CREATE TABLE consent_broker.notices (
    grant_id   uuid NOT NULL REFERENCES consent_broker.grants (id),
    -- The end that it was about: a renewal makes another one.
    expires_at timestamptz NOT NULL,
    -- So many days before, or fewer.
    days       integer NOT NULL CHECK (days >= 1),
    sent_at    timestamptz NOT NULL,
    PRIMARY KEY (grant_id, expires_at, days)
);

-- When a grant is to be looked at for a notice; none if there is no other before its end.
ALTER TABLE consent_broker.grants ADD COLUMN notice_due_at timestamptz;
CREATE INDEX grants_notice_due ON consent_broker.grants (notice_due_at)
    WHERE ended_at IS NULL AND notice_due_at IS NOT NULL;

-- A notice changes nothing of a grant, and is no event of its: when the next is due is none of the guard's business.
-- All other columns are.
DROP TRIGGER ends_once ON consent_broker.grants;
CREATE TRIGGER ends_once BEFORE UPDATE OF
    id, app_id, organization_id, account_id, link_id, service, domains, granted_by, role, granted_at, text_sha256,
    expires_at, lifetime_days, awaits_expiry_since, renewed_at, renewed_by, renewed_role, ended_at, ended_by,
    end_reason, version
    ON consent_broker.grants FOR EACH ROW EXECUTE FUNCTION consent_broker.guard_grant();

CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON consent_broker.notices
    FOR EACH STATEMENT EXECUTE FUNCTION consent_broker.refuse_removal();

GRANT SELECT, INSERT ON consent_broker.notices TO mandate_consent_broker;
GRANT UPDATE (notice_due_at) ON consent_broker.grants TO mandate_consent_broker;
