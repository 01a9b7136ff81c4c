-- The audit index: every event of every service once, in one order.
--
-- Only `entries` is the record; `head` and `spans` are computed from it and can be computed again. What
-- is kept beside the entries can be erased: `entry_contexts`, the personal data, and `entry_details`, what
-- people typed.

-- One row: the size of the log, which is also its last position. It is locked first in every
-- transaction that appends; see the timeline in crates/audit/src/store/append.rs.
CREATE TABLE audit.head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    size bigint NOT NULL CHECK (size >= 0),
    -- The last entry's time of recording, so that these times never run backwards.
    recorded_at timestamptz NOT NULL
);
INSERT INTO audit.head (size, recorded_at) VALUES (0, 'epoch');

CREATE TABLE audit.entries (
    position bigint PRIMARY KEY CHECK (position >= 1),
    event_id uuid NOT NULL UNIQUE,
    stream_kind text NOT NULL,
    stream_id uuid NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    type text NOT NULL,
    source text NOT NULL,
    organization uuid,
    app_id uuid,
    account_id uuid,
    person_id uuid,
    actor text NOT NULL,
    correlation_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    -- The exact bytes that the producer stored and published (RFC 8785).
    envelope bytea NOT NULL CHECK (length(envelope) BETWEEN 2 AND 65535),
    -- How far a stream has arrived is its last version: this is the index for it.
    UNIQUE (stream_id, version)
);

-- One index a filter, each ending in the order in which pages are read. (stream_id, version) above
-- serves the filter by stream: within a stream positions and versions grow together. Filters by
-- time are narrowed to positions by audit.spans.
CREATE INDEX entries_organization ON audit.entries (organization, position) WHERE organization IS NOT NULL;
CREATE INDEX entries_organization_type ON audit.entries (organization, type, position)
    WHERE organization IS NOT NULL;
CREATE INDEX entries_app ON audit.entries (app_id, position) WHERE app_id IS NOT NULL;
CREATE INDEX entries_account ON audit.entries (account_id, position) WHERE account_id IS NOT NULL;
CREATE INDEX entries_actor ON audit.entries (actor, position);
CREATE INDEX entries_type ON audit.entries (type, position);

-- For each 4096 positions, between which times their events happened. Entries arrive almost in
-- the order of their times, but only almost: these bounds turn a range of times into a range of
-- positions that misses nothing, at 1/4096 of the cost of looking.
CREATE TABLE audit.spans (
    span bigint PRIMARY KEY CHECK (span >= 0),
    earliest timestamptz NOT NULL,
    latest timestamptz NOT NULL,
    CHECK (earliest <= latest)
);

-- What arrived and contradicts what is recorded, or is no event at all. Never applied. /readyz
-- says so until the database's owner sets acknowledged_at; the service cannot.
CREATE TABLE audit.conflicts (
    digest bytea PRIMARY KEY CHECK (length(digest) = 32), -- SHA-256 of the payload: a redelivery is the same conflict
    kind text NOT NULL
        CHECK (kind IN ('other_bytes', 'event_id_reused', 'malformed', 'context', 'details', 'message')),
    event_id uuid,
    stream_id uuid,
    version bigint,
    subject text NOT NULL,
    -- Kept only for events. Contexts and details must stay erasable and are not copied here; a message that
    -- cannot be read may hold some.
    payload bytea,
    noticed_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    CHECK ((kind IN ('context', 'details', 'message')) = (payload IS NULL))
);
-- Readiness asks for conflicts that nobody has acknowledged: those only are looked at.
CREATE INDEX conflicts_open ON audit.conflicts (kind) WHERE acknowledged_at IS NULL;

-- Versions that are known to exist and could not be had yet. Empty when all is well.
CREATE TABLE audit.gaps (
    stream_id uuid PRIMARY KEY,
    source text NOT NULL,
    from_version bigint NOT NULL CHECK (from_version >= 1),
    to_version bigint NOT NULL,
    reason text NOT NULL,
    noticed_at timestamptz NOT NULL,
    tried_at timestamptz NOT NULL,
    CHECK (from_version <= to_version)
);

-- Up to which row of each producer's events its streams are known to have arrived.
CREATE TABLE audit.reconciled (
    service text PRIMARY KEY,
    settled_seq bigint NOT NULL CHECK (settled_seq >= 0)
);

-- Personal data beside events, and the key of the commitment that binds it to them. It is checked before it
-- is recorded.
CREATE TABLE audit.entry_contexts (
    event_id uuid PRIMARY KEY,
    salt bytea NOT NULL CHECK (length(salt) = 32),
    context bytea NOT NULL
);

-- The same for what people typed.
CREATE TABLE audit.entry_details (
    event_id uuid PRIMARY KEY,
    salt bytea NOT NULL CHECK (length(salt) = 32),
    details bytea NOT NULL
);

-- Events that were recorded from a producer's answer, which has neither contexts nor details. A row stays
-- until the producer has published the event once more, with this part or without one that it no longer has.
CREATE TABLE audit.awaited_parts (
    event_id uuid NOT NULL,
    part text NOT NULL CHECK (part IN ('context', 'details')),
    source text NOT NULL,
    stream_id uuid NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    noticed_at timestamptz NOT NULL,
    -- When the producer last promised to.
    asked_at timestamptz,
    PRIMARY KEY (event_id, part)
);
CREATE INDEX awaited_parts_stream ON audit.awaited_parts (stream_id, version);
-- Whom to ask for what next, and since when the oldest has been awaited.
CREATE INDEX awaited_parts_due ON audit.awaited_parts (source, asked_at NULLS FIRST, noticed_at, event_id);
CREATE INDEX awaited_parts_noticed ON audit.awaited_parts (noticed_at);

CREATE FUNCTION audit.refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit.% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_rewriting();
CREATE TRIGGER conflicts_append_only BEFORE DELETE OR TRUNCATE ON audit.conflicts
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_rewriting();
CREATE TRIGGER conflicts_unchanged
    BEFORE UPDATE OF digest, kind, event_id, stream_id, version, subject, payload, noticed_at ON audit.conflicts
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_rewriting();

-- Dense streams of one kind and one service: a version may only follow the one before it, of the same kind
-- and service. Otherwise a service could put an event of its own where another's is to come. First versions
-- have nothing to follow, and are most of what is written. Most batches are recorded by one statement; what
-- it must not do is refused here, and then looked into.
CREATE FUNCTION audit.refuse_entry_gap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audit.entries
                   WHERE stream_id = NEW.stream_id AND version = NEW.version - 1
                     AND stream_kind = NEW.stream_kind AND source = NEW.source) THEN
        RAISE EXCEPTION 'stream % has no version % of the same kind and source', NEW.stream_id, NEW.version - 1
            USING ERRCODE = 'MD002';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entries_dense BEFORE INSERT ON audit.entries
    FOR EACH ROW WHEN (NEW.version > 1) EXECUTE FUNCTION audit.refuse_entry_gap();

-- The log only grows.
CREATE FUNCTION audit.refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.size < OLD.size THEN
        RAISE EXCEPTION 'the audit log never shrinks' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER head_only_grows BEFORE UPDATE OR DELETE ON audit.head
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_shrinking();

GRANT SELECT, INSERT ON audit.entries, audit.conflicts TO mandate_audit;
GRANT SELECT, UPDATE ON audit.head TO mandate_audit;
GRANT SELECT, INSERT, UPDATE ON audit.spans, audit.reconciled TO mandate_audit;
GRANT SELECT, INSERT, UPDATE, DELETE ON audit.gaps, audit.entry_contexts, audit.entry_details, audit.awaited_parts
    TO mandate_audit;
