-- The log says by which keys it is signed, and what it goes on from.

-- Which event says that a key of the log was made. All keys of a log are one stream, `log-key/<id>`: a replacement
-- that the log does not have shows as a hole. Keys from before this have none until the next start.
CREATE TABLE audit.log_key_events (
    generation smallint PRIMARY KEY REFERENCES audit.log_keys,
    event_id uuid NOT NULL UNIQUE,
    stream_id uuid NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    UNIQUE (stream_id, version)
);
CREATE TRIGGER log_key_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.log_key_events
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_rewriting();
GRANT SELECT, INSERT ON audit.log_key_events TO mandate_audit;

-- What was signed of logs that were given up after a restore: `mandate log continue-as-new` moves it here.
CREATE TABLE audit.former_checkpoints (
    origin text NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    note bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    served_at timestamptz,
    PRIMARY KEY (origin, size)
);
CREATE TRIGGER former_checkpoints_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.former_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_rewriting();
GRANT SELECT ON audit.former_checkpoints TO mandate_audit;

-- Ends a log, for one that begins with another first entry: its checkpoints become former ones, and its tree is
-- empty. `give_back` puts the entries back behind that first one, each one position further. For the owner of the
-- tables alone: the service can do neither, nor anything that these do. Both are of one transaction.
--
-- `end_log` gives the time that the first entry takes: that of the entry after it. Times of recording never run backwards,
-- and ranges of them are found by that; when the log was begun is in the event itself.
CREATE FUNCTION audit.end_log(ended text) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz;
BEGIN
    -- Whoever appends or signs waits, and then finds another log.
    LOCK TABLE audit.head, audit.entries, audit.tiles, audit.checkpoints, audit.spans, audit.confirmed
        IN ACCESS EXCLUSIVE MODE;
    CREATE TEMPORARY TABLE ended_entries ON COMMIT DROP AS TABLE audit.entries;
    INSERT INTO audit.former_checkpoints (origin, size, root, note, signed_at, served_at)
        SELECT ended, size, root, note, signed_at, served_at FROM audit.checkpoints;
    ALTER TABLE audit.entries DISABLE TRIGGER USER;
    ALTER TABLE audit.tiles DISABLE TRIGGER USER;
    ALTER TABLE audit.head DISABLE TRIGGER USER;
    TRUNCATE audit.entries, audit.tiles, audit.checkpoints, audit.spans;
    SELECT recorded_at INTO since FROM ended_entries ORDER BY position LIMIT 1;
    UPDATE audit.head SET size = 0, tree_size = 0, root = sha256(''), recorded_at = coalesce(since, 'epoch');
    ALTER TABLE audit.entries ENABLE TRIGGER USER;
    ALTER TABLE audit.tiles ENABLE TRIGGER USER;
    ALTER TABLE audit.head ENABLE TRIGGER USER;
    RETURN coalesce(since, now());
END $$;

-- The tree follows at the next start: it is behind, as that of a log that is older than its tree.
CREATE FUNCTION audit.give_back() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    given bigint;
BEGIN
    UPDATE ended_entries SET position = position + (SELECT size FROM audit.head);
    ALTER TABLE audit.entries DISABLE TRIGGER USER;
    INSERT INTO audit.entries SELECT * FROM ended_entries ORDER BY position;
    GET DIAGNOSTICS given = ROW_COUNT;
    ALTER TABLE audit.entries ENABLE TRIGGER USER;
    UPDATE audit.confirmed SET position = position + (SELECT size FROM audit.head);
    UPDATE audit.head SET
        size = size + given,
        recorded_at = GREATEST(recorded_at, (SELECT recorded_at FROM ended_entries ORDER BY position DESC LIMIT 1));
    INSERT INTO audit.spans (span, earliest, latest)
        SELECT position / 4096, min(occurred_at), max(occurred_at) FROM audit.entries GROUP BY position / 4096
        ON CONFLICT (span) DO UPDATE SET earliest = excluded.earliest, latest = excluded.latest;
    RETURN given;
END $$;
REVOKE EXECUTE ON FUNCTION audit.end_log(text), audit.give_back() FROM PUBLIC;
