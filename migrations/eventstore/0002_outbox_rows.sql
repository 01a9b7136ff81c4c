-- What one transaction leaves to be published is one row, however many events it wrote: under load
-- events are written many to a transaction, and the outbox then costs next to nothing.
ALTER TABLE outbox RENAME TO outbox_of_events;
ALTER TABLE outbox_of_events RENAME CONSTRAINT outbox_pkey TO outbox_of_events_pkey;

CREATE TABLE outbox (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Of which events; deleted when JetStream has acknowledged them all.
    seqs bigint[] NOT NULL CHECK (cardinality(seqs) > 0)
);
-- A queue: emptied as fast as it fills, so dead rows are many and live ones few.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

INSERT INTO outbox (seqs)
SELECT array_agg(seq ORDER BY seq) FROM outbox_of_events GROUP BY seq / 512 ORDER BY seq / 512;
DROP TABLE outbox_of_events;

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON outbox TO %I', 'mandate_' || current_schema());
END $$;
