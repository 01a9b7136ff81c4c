-- The end of an app's links and grants with the app. What decides is that the app is archived, at once; here
-- is what is left to be done, so that an app with very many of them holds up nobody: they end some at a time.
CREATE TABLE consent_broker.app_endings (
    app_id  uuid PRIMARY KEY,
    -- The event that archived the app, as it was published: what the others' events follow from.
    cause   bytea NOT NULL,
    -- Apps take turns, so that a large one does not keep the others waiting.
    turn_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX app_endings_turns ON consent_broker.app_endings (turn_at);

-- The unused links of an app: they are counted when one is made, and ended with the app.
CREATE INDEX links_open_of_app ON consent_broker.links (app_id, id) WHERE state IN ('pending', 'opened');

GRANT SELECT, INSERT, UPDATE, DELETE ON consent_broker.app_endings TO mandate_consent_broker;
