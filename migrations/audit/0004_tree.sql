-- The Merkle tree over the entries (RFC 6962, in tiles: c2sp.org/tlog-tiles): leaf n is the entry at position
-- n + 1, by the hash of its envelope. It grows in the transaction that records the entries, and is computed from
-- them: what is signed is a tree that is committed.

-- How much of the log is in the tree: all of it, but while a log that is older than its tree gets one.
ALTER TABLE audit.head
    ADD COLUMN tree_size bigint NOT NULL DEFAULT 0 CHECK (tree_size >= 0),
    -- Of the empty tree: SHA-256 of nothing.
    ADD COLUMN root bytea NOT NULL DEFAULT sha256('') CHECK (length(root) = 32),
    ADD CONSTRAINT head_tree_is_of_the_log CHECK (tree_size <= size);

-- The hashes of the tree, 256 a tile. The one at the right edge of each level grows in its row; what is served
-- as a partial tile is a prefix of it.
CREATE TABLE audit.tiles (
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    index bigint NOT NULL CHECK (index >= 0),
    hashes bytea NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (level, index)
);
-- Hashes cannot be compressed, and trying costs time.
ALTER TABLE audit.tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE FUNCTION audit.refuse_other_hashes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes OR (NEW.level, NEW.index) <> (OLD.level, OLD.index) THEN
        RAISE EXCEPTION 'a tile only grows' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tiles_only_grow BEFORE UPDATE ON audit.tiles
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_other_hashes();
CREATE TRIGGER tiles_append_only BEFORE DELETE OR TRUNCATE ON audit.tiles
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_rewriting();

CREATE OR REPLACE FUNCTION audit.refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR NEW.size < OLD.size OR NEW.tree_size < OLD.tree_size THEN
        RAISE EXCEPTION 'the audit log never shrinks' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

-- The keys of the log, the last of which signs. The private part is sealed under audit.master_key.
CREATE TABLE audit.log_keys (
    generation smallint PRIMARY KEY CHECK (generation >= 1),
    -- The log's name (c2sp.org/tlog-checkpoint): its address without the scheme. It stays as it was when the log
    -- began, whatever address serves it.
    origin text NOT NULL CHECK (origin <> ''),
    -- c2sp.org/signed-note.
    verifier_key text NOT NULL UNIQUE,
    sealed_private bytea NOT NULL,
    nonce bytea NOT NULL UNIQUE CHECK (length(nonce) = 12),
    created_at timestamptz NOT NULL
);

-- What was signed: one root for each size, and never another.
CREATE TABLE audit.checkpoints (
    size bigint PRIMARY KEY CHECK (size >= 0),
    root bytea NOT NULL CHECK (length(root) = 32),
    -- The signed note, as it is served.
    note bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    -- Since when it may be served: what is shown to others comes at most so often, what is signed with each batch.
    served_at timestamptz
);
CREATE INDEX checkpoints_served ON audit.checkpoints (size) WHERE served_at IS NOT NULL;

CREATE FUNCTION audit.refuse_forgetting_what_was_served() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.served_at IS NOT NULL THEN
        RAISE EXCEPTION 'a checkpoint that was served stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER checkpoints_served_stay BEFORE DELETE ON audit.checkpoints
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_forgetting_what_was_served();
CREATE TRIGGER checkpoints_unchanged BEFORE UPDATE OF size, root, note, signed_at ON audit.checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_rewriting();
CREATE TRIGGER log_keys_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.log_keys
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_rewriting();

GRANT SELECT, INSERT, UPDATE ON audit.tiles TO mandate_audit;
GRANT SELECT, INSERT ON audit.log_keys TO mandate_audit;
GRANT SELECT, INSERT, UPDATE, DELETE ON audit.checkpoints TO mandate_audit;
