-- A token can be limited: one for auditors reads the audit log and opens nothing else. Without a scope it opens all that
-- its person may, as those do that were made before.
ALTER TABLE directory.api_tokens ADD COLUMN scope text CHECK (scope = 'audit-log');

-- As the rest of a token, it never changes: what an auditor was given cannot become a key to everything.
DROP TRIGGER api_tokens_frozen ON directory.api_tokens;
CREATE TRIGGER api_tokens_frozen
    BEFORE UPDATE ON directory.api_tokens
    FOR EACH ROW WHEN (
        (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
        OR (OLD.id, OLD.person_id, OLD.parent_id, OLD.session_id, OLD.identity_provider_id, OLD.scope,
            OLD.token_hash, OLD.expires_at, OLD.created_at)
           IS DISTINCT FROM
           (NEW.id, NEW.person_id, NEW.parent_id, NEW.session_id, NEW.identity_provider_id, NEW.scope,
            NEW.token_hash, NEW.expires_at, NEW.created_at))
    EXECUTE FUNCTION directory.freeze_api_token();
