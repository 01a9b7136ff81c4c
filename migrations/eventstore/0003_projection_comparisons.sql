-- How far each projection of this service was compared with the producers of its events. It is in the
-- same database as the projection: who loses the last of one loses the last of the other.
CREATE TABLE projection_comparisons (
    consumer    text        NOT NULL,
    producer    text        NOT NULL,
    -- Up to which row of the producer's events all is known to have arrived.
    settled_seq bigint      NOT NULL DEFAULT 0 CHECK (settled_seq >= 0),
    -- When the last comparison began that left nothing missing. A first one is given the time it needs.
    compared_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, producer)
);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON projection_comparisons TO %I',
        'mandate_' || current_schema());
END $$;
