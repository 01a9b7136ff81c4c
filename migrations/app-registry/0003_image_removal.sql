-- The image of a draft can be removed. After activation it stays, as everything that account owners were shown.

CREATE FUNCTION app_registry.guard_image_removal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    app_state text;
BEGIN
    -- Shared lock: an activation at the same time waits, or is waited for.
    SELECT state INTO app_state FROM app_registry.apps WHERE id = OLD.app_id FOR SHARE;
    IF app_state <> 'draft' THEN
        RAISE EXCEPTION 'app %: the image never changes after activation', OLD.app_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'app_frozen';
    END IF;
    RETURN OLD;
END $$;

DROP TRIGGER never_deleted ON app_registry.images;
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON app_registry.images
    FOR EACH STATEMENT EXECUTE FUNCTION app_registry.refuse_removal();
CREATE TRIGGER guard_removal BEFORE DELETE ON app_registry.images
    FOR EACH ROW EXECUTE FUNCTION app_registry.guard_image_removal();

GRANT DELETE ON app_registry.images TO mandate_app_registry;
