-- When an app last asked which accounts its token reaches, to the minute: the last use of its grants, since then it
-- learned of each of them.
CREATE TABLE consent_broker.app_activity (
    app_id   uuid PRIMARY KEY,
    asked_at timestamptz NOT NULL
);

GRANT SELECT, INSERT ON consent_broker.app_activity TO mandate_consent_broker;
GRANT UPDATE (asked_at) ON consent_broker.app_activity TO mandate_consent_broker;
