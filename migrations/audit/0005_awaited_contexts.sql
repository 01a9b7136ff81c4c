-- Events that were recorded from a producer's answer, which has no contexts. A row stays until the producer
-- has published the event once more, with its context or without one that it no longer has.
CREATE TABLE audit.awaited_contexts (
    event_id uuid PRIMARY KEY,
    source text NOT NULL,
    stream_id uuid NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    noticed_at timestamptz NOT NULL,
    -- When the producer last promised to.
    asked_at timestamptz
);
CREATE INDEX awaited_contexts_stream ON audit.awaited_contexts (stream_id, version);
-- Whom to ask for what next, and since when the oldest has been awaited.
CREATE INDEX awaited_contexts_due ON audit.awaited_contexts (source, asked_at NULLS FIRST, noticed_at, event_id);
CREATE INDEX awaited_contexts_noticed ON audit.awaited_contexts (noticed_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit.awaited_contexts TO mandate_audit;
