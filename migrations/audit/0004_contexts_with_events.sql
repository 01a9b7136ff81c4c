-- A context comes with its event and is checked before it is recorded. Of those that came before their
-- events, the ones whose event has come are checked when they are shown; the others come with it.
DELETE FROM audit.entry_contexts c
WHERE NOT EXISTS (SELECT FROM audit.entries e WHERE e.event_id = c.event_id);
ALTER TABLE audit.entry_contexts DROP COLUMN verified;

-- A message that is no bundle may hold contexts: like a context it is noted and not copied.
ALTER TABLE audit.conflicts
    DROP CONSTRAINT conflicts_kind_check,
    DROP CONSTRAINT conflicts_check,
    ADD CONSTRAINT conflicts_kind_check
        CHECK (kind IN ('other_bytes', 'event_id_reused', 'malformed', 'context', 'bundle')),
    ADD CONSTRAINT conflicts_check CHECK ((kind IN ('context', 'bundle')) = (payload IS NULL));
