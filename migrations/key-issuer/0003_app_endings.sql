-- The end of an app's keys with the app. What decides is the state of the app, at once; here is what is left
-- to be done, so that an app with very many keys holds up nobody: its keys end some at a time.
CREATE TABLE key_issuer.app_endings (
    app_id  uuid PRIMARY KEY REFERENCES key_issuer.apps,
    -- The event that archived the app, as it was published: what the keys' events follow from.
    cause   bytea NOT NULL,
    -- Apps take turns, so that a large one does not keep the others waiting.
    turn_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX app_endings_turns ON key_issuer.app_endings (turn_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON key_issuer.app_endings TO mandate_key_issuer;
