-- Systems outside that read an organization's events from NATS. NATS may lose its users and durable
-- consumers with everything else; they are made again from here.

CREATE TABLE notifier.subscribers (
    id              uuid PRIMARY KEY,
    -- Unique for ever: a name that comes back would get the position, the password file entry or
    -- the monitoring of the subscriber that had it before.
    name            text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    -- Known to the directory, which is asked for it before a subscriber is added.
    organization_id uuid NOT NULL,
    -- <aggregate>.<past participle>. The code knows which there are.
    events          text[] NOT NULL CHECK (cardinality(events) BETWEEN 1 AND 64
                                           AND array_position(events, NULL) IS NULL),
    -- bcrypt, the only hash that nats-server compares with.
    password_hash   text NOT NULL CHECK (password_hash ~ '^\$2a\$[0-9]{2}\$[./A-Za-z0-9]{53}$'),
    version         bigint NOT NULL CHECK (version >= 1),
    created_at      timestamptz NOT NULL,
    removed_at      timestamptz CHECK (removed_at >= created_at)
);

CREATE INDEX subscribers_live ON notifier.subscribers (name) WHERE removed_at IS NULL;

-- What a subscriber may read it is told once: to change it, add another. A removed one stays removed.
CREATE FUNCTION notifier.freeze_subscriber() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a subscriber can only be removed, once'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER subscribers_frozen
    BEFORE UPDATE ON notifier.subscribers
    FOR EACH ROW WHEN (
        OLD.removed_at IS NOT NULL
        OR (OLD.id, OLD.name, OLD.organization_id, OLD.events, OLD.password_hash, OLD.created_at)
           IS DISTINCT FROM
           (NEW.id, NEW.name, NEW.organization_id, NEW.events, NEW.password_hash, NEW.created_at))
    EXECUTE FUNCTION notifier.freeze_subscriber();

GRANT SELECT, INSERT ON notifier.subscribers TO mandate_notifier;
GRANT UPDATE (removed_at, version) ON notifier.subscribers TO mandate_notifier;
