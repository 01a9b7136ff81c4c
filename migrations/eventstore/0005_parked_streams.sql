-- Streams of which a projection of this service could not apply an event: put aside, so that all others go
-- on. Their positions do not move; they are tried again, from their producer, and leave this table by
-- themselves. Until then what they tell is not known, and whoever would decide on it refuses: this is the one
-- table of eventstore that the service itself reads too.
CREATE TABLE parked_streams (
    consumer  text        NOT NULL,
    stream_id uuid        NOT NULL,
    -- The last version that is known to exist: so far it is to be applied.
    head      bigint      NOT NULL CHECK (head >= 1),
    reason    text        NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    -- How often it was tried since, without success, and when it is tried next.
    attempts  integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    retry_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, stream_id)
);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON parked_streams TO %I',
        'mandate_' || current_schema());
END $$;
