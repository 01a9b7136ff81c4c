-- Where an app's authorization codes may be sent (RFC 6749 section 3.1.2), and whether its clients must use PKCE.
-- Unlike all else of an app, both can change after its activation, until it is archived.

ALTER TABLE app_registry.apps
    ADD COLUMN pkce_required boolean NOT NULL DEFAULT true,
    -- It is said of apps of authorization codes only.
    ADD CONSTRAINT apps_pkce CHECK (pkce_required OR authentication_method = 'authorization_code');

CREATE TABLE app_registry.redirect_uris (
    id       uuid PRIMARY KEY,
    app_id   uuid NOT NULL REFERENCES app_registry.apps (id),
    -- The exact characters that were registered: they are compared, and nothing else.
    uri      text NOT NULL,
    added_at timestamptz NOT NULL,

    -- Also the index by which an app's are read.
    CONSTRAINT redirect_uris_once UNIQUE (app_id, uri),
    CONSTRAINT redirect_uris_length CHECK (octet_length(uri) <= 2048),
    -- Of what a URI can have, no fragment and no wildcard.
    CONSTRAINT redirect_uris_characters CHECK (uri ~ '^[A-Za-z0-9._~:/?@!$&''()+,;=%[\]-]+$'),
    -- https, or http on loopback; with a host, and nothing before it.
    CONSTRAINT redirect_uris_origin CHECK (
        uri ~ '^(https://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])|http://(127\.[0-9.]+|\[::1\]|localhost))(:[0-9]+)?([/?]|$)')
);

CREATE FUNCTION app_registry.guard_pkce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'archived' AND NEW.pkce_required <> OLD.pkce_required THEN
        RAISE EXCEPTION 'app %: it is archived', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_archived';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION app_registry.guard_redirect_uri() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    app app_registry.apps;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'redirect URI %: it is added and removed, never changed', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'redirect_uri_unchanged';
    END IF;
    -- Locked: who adds one counts those that there are, and who archives the app waits, or is waited for.
    SELECT * INTO app FROM app_registry.apps
        WHERE id = CASE TG_OP WHEN 'INSERT' THEN NEW.app_id ELSE OLD.app_id END FOR NO KEY UPDATE;
    IF app.state = 'archived' THEN
        RAISE EXCEPTION 'app %: it is archived', app.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_archived';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF app.authentication_method <> 'authorization_code' THEN
        RAISE EXCEPTION 'app %: only apps of authorization codes have redirect URIs', app.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_without_redirect_uris';
    END IF;
    -- The most that an installation can allow; it may allow fewer.
    IF (SELECT count(*) FROM app_registry.redirect_uris WHERE app_id = NEW.app_id) >= 100 THEN
        RAISE EXCEPTION 'app %: it has very many redirect URIs', app.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'too_many_redirect_uris';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER guard_pkce BEFORE UPDATE OF pkce_required ON app_registry.apps
    FOR EACH ROW EXECUTE FUNCTION app_registry.guard_pkce();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OR DELETE ON app_registry.redirect_uris
    FOR EACH ROW EXECUTE FUNCTION app_registry.guard_redirect_uri();

GRANT SELECT, INSERT, DELETE ON app_registry.redirect_uris TO mandate_app_registry;
