-- What one transaction leaves to be published is one row, or a few if it wrote very many events: under
-- load events are written many to a transaction, and the outbox then costs next to nothing.
ALTER TABLE outbox RENAME TO outbox_of_events;
ALTER TABLE outbox_of_events RENAME CONSTRAINT outbox_pkey TO outbox_of_events_pkey;

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

INSERT INTO outbox (seqs)
SELECT array_agg(seq ORDER BY seq) FROM outbox_of_events GROUP BY seq / 512 ORDER BY seq / 512;
DROP TABLE outbox_of_events;

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON outbox TO %I', 'mandate_' || current_schema());
END $$;
