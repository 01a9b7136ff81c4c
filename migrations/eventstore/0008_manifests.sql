-- What the manifests of this service list. A manifest is an event: it is in `events`, and here is what is kept
-- beside it, written in the same transaction. crates/contract/src/manifest.rs has the form of a list.
CREATE TABLE manifests (
    -- The event's version in the stream of manifests, of which a service has one.
    version   bigint NOT NULL PRIMARY KEY CHECK (version >= 1),
    -- All rows of `events` up to this one are in this list or in one before. None becomes visible there any more.
    up_to_seq bigint NOT NULL UNIQUE CHECK (up_to_seq >= 1),
    list      bytea  NOT NULL CHECK (octet_length(list) BETWEEN 1 AND 1000000)
);

CREATE TRIGGER manifests_append_only BEFORE UPDATE OR DELETE ON manifests
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER manifests_no_truncate BEFORE TRUNCATE ON manifests
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON manifests TO %I', 'mandate_' || current_schema());
END $$;
