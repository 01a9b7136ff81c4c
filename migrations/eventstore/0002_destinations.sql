-- What is published has two destinations, which are remembered apart: audit, which gets every event, and
-- the stream of facts. Neither waits for the other, and what one of them loses is not repeated at the other.
ALTER TABLE outbox ADD COLUMN destination text NOT NULL DEFAULT 'audit'
    CHECK (destination IN ('audit', 'events'));
ALTER TABLE outbox ALTER COLUMN destination DROP DEFAULT;
DROP INDEX outbox_in_order;
CREATE INDEX outbox_in_order ON outbox (destination, first_seq, id);

ALTER TABLE relay_batches ADD COLUMN destination text NOT NULL DEFAULT 'audit'
    CHECK (destination IN ('audit', 'events'));
ALTER TABLE relay_batches ALTER COLUMN destination DROP DEFAULT;
DROP INDEX relay_batches_last_sequence;
CREATE INDEX relay_batches_last_sequence ON relay_batches (destination, last_sequence);
DROP INDEX relay_batches_stream_created;
CREATE INDEX relay_batches_stream_created ON relay_batches (destination, stream_created);

-- What waits, waits for both from now on, and what was acknowledged was by both: facts, that is. The kinds of
-- stream whose events are records are those of this time.
INSERT INTO outbox (destination, seqs)
SELECT 'events', facts.seqs
FROM outbox, LATERAL (
    SELECT array_agg(events.seq ORDER BY position) AS seqs
    FROM unnest(outbox.seqs) WITH ORDINALITY AS due (seq, position) JOIN events USING (seq)
    WHERE events.stream_kind NOT IN ('access', 'sign-in', 'token')
) AS facts
WHERE facts.seqs IS NOT NULL
ORDER BY outbox.first_seq, outbox.id;

-- A receipt had the creation times of both streams, of three words each.
INSERT INTO relay_batches (destination, stream_created, last_sequence, last_event_id, seqs, relayed_at)
SELECT 'events', array_to_string((string_to_array(stream_created, ' '))[1:3], ' '), last_sequence, last_event_id,
       facts.seqs, relayed_at
FROM relay_batches, LATERAL (
    SELECT array_agg(events.seq ORDER BY position) AS seqs
    FROM unnest(relay_batches.seqs) WITH ORDINALITY AS had (seq, position) JOIN events USING (seq)
    WHERE events.stream_kind NOT IN ('access', 'sign-in', 'token')
) AS facts
WHERE facts.seqs IS NOT NULL;
UPDATE relay_batches
SET stream_created = array_to_string((string_to_array(stream_created, ' '))[4:6], ' '), last_sequence = 0
WHERE destination = 'audit';
