-- Sessions: what a sign-in opens, and what speaks for a person until it ends. And people are found by operators.

CREATE TABLE directory.sessions (
    id                   uuid PRIMARY KEY,
    person_id            uuid NOT NULL REFERENCES directory.people (id),
    -- SHA-256 of the secret. UNIQUE is also the index by which a request is authenticated.
    token_hash           bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    -- What the device said of itself. Personal: it is forgotten when the session ends.
    user_agent           text CHECK (char_length(user_agent) BETWEEN 1 AND 255),
    -- Through which provider the person signed in; none, if with a password of ours.
    identity_provider_id uuid,
    created_at           timestamptz NOT NULL,
    expires_at           timestamptz NOT NULL CHECK (expires_at > created_at),
    -- To the minute: a write for every request would cost more than it tells. How long a session may be idle
    -- counts from here.
    last_used_at         timestamptz NOT NULL,
    ended_at             timestamptz CHECK (ended_at IS NULL OR user_agent IS NULL),
    version              bigint NOT NULL CHECK (version >= 1)
);

CREATE INDEX sessions_person ON directory.sessions (person_id, id);
CREATE INDEX sessions_open ON directory.sessions (person_id, last_used_at) WHERE ended_at IS NULL;
-- Those that were not used for too long are found by this, and what came to its latest end is among them soon.
CREATE INDEX sessions_idle ON directory.sessions (last_used_at) WHERE ended_at IS NULL;

-- An ended session stays ended, and a session never changes hands, secret or lifetime.
CREATE FUNCTION directory.freeze_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a session can only be used and ended once'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER sessions_frozen
    BEFORE UPDATE ON directory.sessions
    FOR EACH ROW WHEN (
        (OLD.ended_at IS NOT NULL
         AND (NEW.ended_at, NEW.last_used_at) IS DISTINCT FROM (OLD.ended_at, OLD.last_used_at))
        OR (NEW.user_agent IS NOT NULL AND NEW.user_agent IS DISTINCT FROM OLD.user_agent)
        OR (OLD.id, OLD.person_id, OLD.token_hash, OLD.identity_provider_id, OLD.expires_at, OLD.created_at)
           IS DISTINCT FROM
           (NEW.id, NEW.person_id, NEW.token_hash, NEW.identity_provider_id, NEW.expires_at, NEW.created_at))
    EXECUTE FUNCTION directory.freeze_session();

GRANT SELECT, INSERT ON directory.sessions TO mandate_directory;
GRANT UPDATE (user_agent, last_used_at, ended_at, version) ON directory.sessions TO mandate_directory;

-- The session by which a token was made, if it was made by one: it does not end with it. And the provider from
-- whose sign-in it stems, through the session or the token that made it.
ALTER TABLE directory.api_tokens
    ADD COLUMN session_id uuid REFERENCES directory.sessions (id),
    ADD COLUMN identity_provider_id uuid,
    ADD CONSTRAINT api_tokens_one_maker CHECK (parent_id IS NULL OR session_id IS NULL);

DROP TRIGGER api_tokens_frozen ON directory.api_tokens;
CREATE TRIGGER api_tokens_frozen
    BEFORE UPDATE ON directory.api_tokens
    FOR EACH ROW WHEN (
        (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
        OR (OLD.id, OLD.person_id, OLD.parent_id, OLD.session_id, OLD.identity_provider_id, OLD.token_hash,
            OLD.expires_at, OLD.created_at)
           IS DISTINCT FROM
           (NEW.id, NEW.person_id, NEW.parent_id, NEW.session_id, NEW.identity_provider_id, NEW.token_hash,
            NEW.expires_at, NEW.created_at))
    EXECUTE FUNCTION directory.freeze_api_token();

-- A token that a token makes is the same person's, stems from the same provider, and ends no later.
CREATE OR REPLACE FUNCTION directory.bound_api_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM directory.api_tokens
                   WHERE id = NEW.parent_id AND person_id = NEW.person_id AND revoked_at IS NULL
                     AND identity_provider_id IS NOT DISTINCT FROM NEW.identity_provider_id
                     AND coalesce(expires_at, 'infinity') >= coalesce(NEW.expires_at, 'infinity')
                   FOR SHARE) THEN
        RAISE EXCEPTION 'an API token ends no later than the one that made it'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- A token that a session makes is the same person's, and stems from the same provider.
CREATE FUNCTION directory.bound_api_token_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM directory.sessions
                   WHERE id = NEW.session_id AND person_id = NEW.person_id AND ended_at IS NULL
                     AND identity_provider_id IS NOT DISTINCT FROM NEW.identity_provider_id
                   FOR SHARE) THEN
        RAISE EXCEPTION 'an API token is of whom the session that made it speaks for'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER api_tokens_of_session_bounded
    BEFORE INSERT ON directory.api_tokens
    FOR EACH ROW WHEN (NEW.session_id IS NOT NULL)
    EXECUTE FUNCTION directory.bound_api_token_of_session();

-- People are found by the beginning of their email or name. The collation makes a beginning a range.
CREATE INDEX people_by_email ON directory.people (email COLLATE "C");
CREATE INDEX people_by_name ON directory.people (lower(name) COLLATE "C", id);

-- Whoever asks what is held on them is told which organizations they made.
CREATE INDEX organizations_made ON directory.organizations (created_by, id) WHERE created_by IS NOT NULL;
