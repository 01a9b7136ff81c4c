-- A stream is of one kind and one service: what follows an event is of the same. Otherwise a service could
-- put an event of its own where another's is to come.
CREATE OR REPLACE FUNCTION audit.refuse_entry_hole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audit.entries
                   WHERE stream_id = NEW.stream_id AND version = NEW.version - 1
                     AND stream_kind = NEW.stream_kind AND source = NEW.source) THEN
        RAISE EXCEPTION 'stream % has no version % of the same kind and source', NEW.stream_id, NEW.version - 1
            USING ERRCODE = 'MD002';
    END IF;
    RETURN NEW;
END $$;
