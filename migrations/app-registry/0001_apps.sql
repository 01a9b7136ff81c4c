-- Apps and their images. The rules that must hold whatever the service does are held here:
-- what account owners consent to never changes once the app was activated, states follow each other
-- only as they may, and nothing is ever deleted.

CREATE TABLE app_registry.apps (
    id                    uuid PRIMARY KEY,
    organization_id       uuid NOT NULL,
    name                  text NOT NULL,
    description           text,
    authentication_method text NOT NULL,
    -- The catalogue's name of the service; empty until chosen.
    service               text,
    -- As `<domain>:<level>`, sorted.
    domains               text[] NOT NULL,
    -- The OAuth scopes of the domains as the catalogue named them at activation; empty before. Kept,
    -- so that a catalogue replaced later does not change what account owners consented to.
    scopes                text[] NOT NULL,
    -- The image's hash stands here too, so that locking this row is enough to see the image it has.
    image_sha256          bytea,
    state                 text NOT NULL,
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    activated_at          timestamptz,
    -- The version of the app's last event.
    version               bigint NOT NULL,

    CONSTRAINT apps_version CHECK (version >= 1),
    CONSTRAINT apps_name CHECK (char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT apps_description CHECK (char_length(description) BETWEEN 1 AND 255),
    CONSTRAINT apps_authentication_method
        CHECK (authentication_method IN ('client_credentials', 'authorization_code')),
    CONSTRAINT apps_service CHECK (service ~ '^[a-z][a-z0-9_]{0,63}$'),
    CONSTRAINT apps_domains
        CHECK (array_to_string(domains, ' ', '?') ~ '^([a-z][a-z0-9_]{0,63}:(read|manage)( [a-z][a-z0-9_]{0,63}:(read|manage))*)?$'),
    CONSTRAINT apps_domains_belong_to_a_service CHECK (service IS NOT NULL OR cardinality(domains) = 0),
    CONSTRAINT apps_image_sha256 CHECK (octet_length(image_sha256) = 32),
    CONSTRAINT apps_state CHECK (state IN ('draft', 'active', 'suspended', 'archived')),
    -- A draft was never activated, an active or suspended app was; an archived one may be either.
    CONSTRAINT apps_state_and_activation CHECK (
        CASE state
            WHEN 'draft' THEN activated_at IS NULL
            WHEN 'archived' THEN true
            ELSE activated_at IS NOT NULL
        END),
    CONSTRAINT apps_activated_completely CHECK (
        CASE WHEN activated_at IS NULL THEN cardinality(scopes) = 0
             ELSE service IS NOT NULL AND cardinality(domains) > 0 AND cardinality(scopes) > 0
        END)
);

-- One page of an organization's apps, or of all for operators, costs the same however many there are.
CREATE INDEX apps_by_organization ON app_registry.apps (organization_id, state, created_at, id);
CREATE INDEX apps_by_state ON app_registry.apps (state, created_at, id);

CREATE TABLE app_registry.images (
    app_id     uuid PRIMARY KEY REFERENCES app_registry.apps (id),
    media_type text NOT NULL,
    sha256     bytea NOT NULL,
    bytes      bytea NOT NULL,
    set_at     timestamptz NOT NULL,

    CONSTRAINT images_media_type CHECK (media_type IN ('image/png', 'image/jpeg')),
    CONSTRAINT images_sha256 CHECK (sha256 = sha256(bytes)),
    CONSTRAINT images_sha256_of_app UNIQUE (app_id, sha256)
);

-- Images are compressed already.
ALTER TABLE app_registry.images ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- The app's hash and the image's bytes cannot drift apart: a frozen hash freezes the bytes.
-- Deferred, because both rows change in one transaction, one after the other.
ALTER TABLE app_registry.apps
    ADD CONSTRAINT apps_image FOREIGN KEY (id, image_sha256)
    REFERENCES app_registry.images (app_id, sha256) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION app_registry.guard_app() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.version <> 1 OR NEW.image_sha256 IS NOT NULL THEN
            RAISE EXCEPTION 'an app begins as a draft'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_begins_as_draft';
        END IF;
        RETURN NEW;
    END IF;

    IF NEW.version <= OLD.version THEN
        RAISE EXCEPTION 'app %: no change without its event', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_change_has_event';
    END IF;
    IF (NEW.id, NEW.organization_id, NEW.authentication_method, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.organization_id, OLD.authentication_method, OLD.created_at) THEN
        RAISE EXCEPTION 'app %: organization and authentication method are fixed at creation', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_fixed_at_creation';
    END IF;
    IF OLD.service IS NOT NULL AND NEW.service IS DISTINCT FROM OLD.service THEN
        RAISE EXCEPTION 'app %: the service is fixed once saved', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_service_fixed';
    END IF;
    IF (OLD.state <> 'draft')
        AND (NEW.name, NEW.description, NEW.image_sha256, NEW.service, NEW.domains, NEW.scopes, NEW.activated_at)
            IS DISTINCT FROM
            (OLD.name, OLD.description, OLD.image_sha256, OLD.service, OLD.domains, OLD.scopes, OLD.activated_at) THEN
        RAISE EXCEPTION 'app %: what account owners consent to never changes after activation', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_frozen';
    END IF;
    IF OLD.state = 'draft' AND NEW.state = 'archived' AND NEW.activated_at IS NOT NULL THEN
        RAISE EXCEPTION 'app %: archived without having been activated', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_frozen';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('draft', 'active'), ('draft', 'archived'), ('active', 'suspended'), ('active', 'archived'),
        ('suspended', 'active'), ('suspended', 'archived')) THEN
        RAISE EXCEPTION 'app %: a % app does not become %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_states';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION app_registry.guard_image() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    app_state text;
BEGIN
    -- Shared lock: an activation at the same time waits, or is waited for.
    SELECT state INTO app_state FROM app_registry.apps WHERE id = NEW.app_id FOR SHARE;
    IF app_state <> 'draft' OR (TG_OP = 'UPDATE' AND NEW.app_id <> OLD.app_id) THEN
        RAISE EXCEPTION 'app %: the image never changes after activation', NEW.app_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_frozen';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION app_registry.refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'apps and their images are never deleted'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_never_deleted';
END $$;

CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON app_registry.apps
    FOR EACH ROW EXECUTE FUNCTION app_registry.guard_app();
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON app_registry.apps
    FOR EACH STATEMENT EXECUTE FUNCTION app_registry.refuse_removal();
CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON app_registry.images
    FOR EACH ROW EXECUTE FUNCTION app_registry.guard_image();
CREATE TRIGGER never_deleted BEFORE DELETE OR TRUNCATE ON app_registry.images
    FOR EACH STATEMENT EXECUTE FUNCTION app_registry.refuse_removal();

GRANT SELECT, INSERT, UPDATE ON app_registry.apps, app_registry.images TO mandate_app_registry;
