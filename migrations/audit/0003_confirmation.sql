-- The record is compared with its producers both ways: what is recorded under a producer's name and is
-- unknown to it is a conflict.

ALTER TABLE audit.conflicts DROP CONSTRAINT conflicts_kind_check;
ALTER TABLE audit.conflicts ADD CONSTRAINT conflicts_kind_check
    CHECK (kind IN ('other_bytes', 'event_id_reused', 'unknown_to_producer', 'malformed', 'context', 'details',
                    'message'));

-- The same bytes can be wrong in two ways, of which perhaps only one is an alarm: whoever sends them in the
-- harmless way first must not hide the other.
ALTER TABLE audit.conflicts DROP CONSTRAINT conflicts_pkey;
ALTER TABLE audit.conflicts ADD PRIMARY KEY (digest, kind);

-- Up to which position of the log all entries of a service are known to be its own, or kept as conflicts. None
-- yet: from the beginning, once in the life of each entry.
CREATE TABLE audit.confirmed (
    service text PRIMARY KEY,
    position bigint NOT NULL CHECK (position >= 0),
    -- Since when it has not answered; none when it did the last time.
    waiting_since timestamptz
);
GRANT SELECT, INSERT, UPDATE ON audit.confirmed TO mandate_audit;
