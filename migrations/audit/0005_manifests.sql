-- What manifests list, as their services keep it: fetched, held against the hash that the manifest's entry has, and
-- kept with the log from then on, since it is a part of the evidence.
CREATE TABLE audit.manifest_lists (
    service text NOT NULL,
    version bigint NOT NULL CHECK (version >= 1),
    list bytea NOT NULL CHECK (length(list) BETWEEN 1 AND 1000000),
    PRIMARY KEY (service, version)
);
CREATE TRIGGER manifest_lists_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.manifest_lists
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_rewriting();
GRANT SELECT, INSERT ON audit.manifest_lists TO mandate_audit;

-- What a hole is called in the events that tell of it. None for holes in audit's own streams, which no event tells
-- of: it could be lost as well, and be a hole to tell of. None for those that were noticed before, too.
ALTER TABLE audit.gaps ADD COLUMN hole_id uuid UNIQUE;
