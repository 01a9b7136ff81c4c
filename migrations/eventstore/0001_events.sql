-- The tables of every producer of events. Run once in each service's schema (the search path is
-- that schema; the names are unqualified on purpose). crates/eventstore is the only code that
-- reads and writes them.

-- Every change is an event here, written in the transaction that makes the change.
CREATE TABLE events (
    seq          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid        NOT NULL,
    stream_kind  text        NOT NULL CHECK (stream_kind <> ''),
    stream_id    uuid        NOT NULL,
    version      bigint      NOT NULL CHECK (version >= 1),
    type         text        NOT NULL CHECK (type LIKE 'mandate.%'),
    organization uuid,
    occurred_at  timestamptz NOT NULL,
    recorded_at  timestamptz NOT NULL DEFAULT now(),
    -- The canonical bytes: what is published, hashed and proved. The limit is the log's.
    envelope     bytea       NOT NULL CHECK (octet_length(envelope) BETWEEN 2 AND 65535),
    -- A version is taken once: the guard behind every optimistic write.
    UNIQUE (stream_id, version)
);

-- Events that the relay has not yet seen acknowledged. What one transaction leaves to be published is
-- one row, or a few if it wrote very many events: under load events are written many to a transaction,
-- and the outbox then costs next to nothing. A row is deleted after its acks.
CREATE TABLE outbox (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Of which events, in their order, at most as many as are published at once.
    seqs      bigint[] NOT NULL CHECK (cardinality(seqs) BETWEEN 1 AND 512),
    -- In this order rows are published: what is published again comes before what is newer.
    first_seq bigint NOT NULL GENERATED ALWAYS AS (seqs[1]) STORED
);
CREATE INDEX outbox_in_order ON outbox (first_seq, id);
-- A queue: emptied as fast as it fills, so dead rows are many and live ones few.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- From where a thing was done, beside its event and bound to it by the event's contexthash. Personal;
-- it can be erased.
CREATE TABLE contexts (
    event_id uuid  PRIMARY KEY,
    salt     bytea NOT NULL CHECK (octet_length(salt) = 32),
    context  bytea NOT NULL
);

-- What people typed (names, labels, the words that were shown), beside its event and bound to it by the
-- event's detailshash. It can be erased.
CREATE TABLE details (
    event_id uuid  PRIMARY KEY,
    salt     bytea NOT NULL CHECK (octet_length(salt) = 32),
    details  bytea NOT NULL
);

-- What JetStream acknowledged, a row a batch: the memory by which the relay notices that JetStream
-- has lost what it acknowledged. Forgotten when the stream itself forgets by age.
CREATE TABLE relay_batches (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream_created text        NOT NULL,
    last_sequence  bigint      NOT NULL,
    last_event_id  uuid        NOT NULL,
    seqs           bigint[]    NOT NULL,
    relayed_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX relay_batches_relayed_at ON relay_batches (relayed_at);
CREATE INDEX relay_batches_last_sequence ON relay_batches (last_sequence);
-- The relay looks every few seconds for receipts of another incarnation of the stream: almost always
-- there are none, and finding that out must not mean reading a week of receipts.
CREATE INDEX relay_batches_stream_created ON relay_batches (stream_created);

-- How far each consumer of this service has come in each stream: what makes its effect exactly once.
CREATE TABLE consumer_positions (
    consumer  text   NOT NULL,
    stream_id uuid   NOT NULL,
    version   bigint NOT NULL CHECK (version >= 0),
    PRIMARY KEY (consumer, stream_id)
);

-- Answers to creating requests that carried an Idempotency-Key. Never with a secret in them.
CREATE TABLE idempotency_keys (
    scope       text        NOT NULL,
    key         text        NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea       NOT NULL CHECK (octet_length(fingerprint) = 32),
    status      smallint    NOT NULL,
    location    text,
    body        jsonb       NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'MD001';
END $$;

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_no_truncate BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Dense streams: a version may only follow the one before it. First versions are not checked: they
-- have nothing to follow, and are most of what is written. The function names its schema, because a
-- trigger function runs under the caller's search path.
DO $$
DECLARE
    schema text := current_schema();
    role text := 'mandate_' || current_schema();
BEGIN
    EXECUTE format($f$
        CREATE FUNCTION refuse_gap() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            IF NOT EXISTS (SELECT FROM %I.events WHERE stream_id = NEW.stream_id AND version = NEW.version - 1) THEN
                RAISE EXCEPTION 'stream %% has no version %%', NEW.stream_id, NEW.version - 1 USING ERRCODE = 'MD002';
            END IF;
            RETURN NEW;
        END $body$ $f$, schema);
    EXECUTE format('GRANT SELECT, INSERT ON events TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON outbox, relay_batches, contexts, details, idempotency_keys TO %I',
        role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON consumer_positions TO %I', role);
END $$;

CREATE TRIGGER events_dense BEFORE INSERT ON events
    FOR EACH ROW WHEN (NEW.version > 1) EXECUTE FUNCTION refuse_gap();
