-- Most batches are events that follow on what is recorded, and one statement records them: what it
-- must not do is refused here, and then looked into.

-- Dense streams: a version may only follow the one before it. First versions have nothing to follow,
-- and are most of what is written.
CREATE FUNCTION audit.refuse_entry_hole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audit.entries WHERE stream_id = NEW.stream_id AND version = NEW.version - 1) THEN
        RAISE EXCEPTION 'stream % has no version %', NEW.stream_id, NEW.version - 1 USING ERRCODE = 'MD002';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entries_dense BEFORE INSERT ON audit.entries
    FOR EACH ROW WHEN (NEW.version > 1) EXECUTE FUNCTION audit.refuse_entry_hole();

-- How far a stream has arrived is its last version in audit.entries, which has an index for it.
DROP TABLE audit.streams;
