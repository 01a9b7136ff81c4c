-- What somebody can do ends when it must: a token with the one that made it, a person's credentials when an
-- operator deactivates them, an operator's right when another takes it away. And what strangers can do to a
-- person has bounds: organizations that nobody confirmed are counted, and a membership that strangers gave
-- shows nothing of theirs.

ALTER TABLE directory.people ADD COLUMN deactivated_at timestamptz;

DROP INDEX directory.people_operators;
CREATE INDEX people_operators ON directory.people (id) WHERE operator AND deactivated_at IS NULL;

-- An installation that has an operator keeps one, whatever the code above does. The lock is the one that the
-- code takes first: else two operators who end each other's right at the same time would each still see the other.
CREATE FUNCTION directory.keep_an_operator() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(122511747801460::bigint);
    IF NOT EXISTS (SELECT FROM directory.people WHERE operator AND deactivated_at IS NULL) THEN
        RAISE EXCEPTION 'there would be no operator'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'people_keep_an_operator';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER people_keep_an_operator
    AFTER UPDATE ON directory.people
    FOR EACH ROW WHEN (OLD.operator AND OLD.deactivated_at IS NULL
                       AND NOT (NEW.operator AND NEW.deactivated_at IS NULL))
    EXECUTE FUNCTION directory.keep_an_operator();

-- The token by which this one was made, if it was made by one.
ALTER TABLE directory.api_tokens ADD COLUMN parent_id uuid REFERENCES directory.api_tokens (id);

-- Whatever ends with a token is found through these, and passes over nothing that was revoked before.
CREATE INDEX api_tokens_children ON directory.api_tokens (parent_id)
    WHERE parent_id IS NOT NULL AND revoked_at IS NULL;
CREATE INDEX api_tokens_unrevoked ON directory.api_tokens (person_id, coalesce(expires_at, 'infinity'))
    WHERE revoked_at IS NULL;

DROP TRIGGER api_tokens_frozen ON directory.api_tokens;
CREATE TRIGGER api_tokens_frozen
    BEFORE UPDATE ON directory.api_tokens
    FOR EACH ROW WHEN (
        (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
        OR (OLD.id, OLD.person_id, OLD.parent_id, OLD.token_hash, OLD.expires_at, OLD.created_at)
           IS DISTINCT FROM (NEW.id, NEW.person_id, NEW.parent_id, NEW.token_hash, NEW.expires_at, NEW.created_at))
    EXECUTE FUNCTION directory.freeze_api_token();

-- A token that a token makes is the same person's, and ends no later.
CREATE FUNCTION directory.bound_api_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM directory.api_tokens
                   WHERE id = NEW.parent_id AND person_id = NEW.person_id AND revoked_at IS NULL
                     AND coalesce(expires_at, 'infinity') >= coalesce(NEW.expires_at, 'infinity')
                   FOR SHARE) THEN
        RAISE EXCEPTION 'an API token ends no later than the one that made it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER api_tokens_bounded
    BEFORE INSERT ON directory.api_tokens
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL)
    EXECUTE FUNCTION directory.bound_api_token();

-- Who made it; nobody where an operator did, or an earlier version.
ALTER TABLE directory.organizations ADD COLUMN created_by uuid REFERENCES directory.people (id);
CREATE INDEX organizations_unconfirmed ON directory.organizations (created_by)
    WHERE created_by IS NOT NULL AND confirmed_at IS NULL;

-- Whether members may see what the person is called: not if somebody made them a member who could not see it.
ALTER TABLE directory.memberships ADD COLUMN shows_name boolean NOT NULL DEFAULT true;
