-- Grants are listed by whether they have ended, or not, and each list is read in the order of an index without
-- those in the other state: of either there may be very many, and few of the other.

CREATE INDEX grants_by_state ON consent_broker.grants ((revoked_at IS NULL), id DESC);
CREATE INDEX grants_of_account_by_state ON consent_broker.grants (account_id, (revoked_at IS NULL), id DESC);

-- Of these a list of both states reads each, so that one index is enough.
CREATE INDEX grants_of_app_by_state ON consent_broker.grants (app_id, (revoked_at IS NULL), id DESC);
DROP INDEX consent_broker.grants_of_app;
CREATE INDEX grants_of_organization_by_state
    ON consent_broker.grants (organization_id, (revoked_at IS NULL), id DESC);
DROP INDEX consent_broker.grants_of_organization;
