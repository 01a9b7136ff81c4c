-- A context comes with its event and is checked before it is recorded. Those that came before their
-- events and were never checked come again: the relays publish what another stream acknowledged.
DELETE FROM audit.entry_contexts WHERE NOT verified;
ALTER TABLE audit.entry_contexts DROP COLUMN verified;

-- A message that is no bundle may hold contexts: like a context it is noted and not copied.
ALTER TABLE audit.conflicts
    DROP CONSTRAINT conflicts_kind_check,
    DROP CONSTRAINT conflicts_check,
    ADD CONSTRAINT conflicts_kind_check
        CHECK (kind IN ('other_bytes', 'event_id_reused', 'malformed', 'context', 'bundle')),
    ADD CONSTRAINT conflicts_check CHECK ((kind IN ('context', 'bundle')) = (payload IS NULL));
