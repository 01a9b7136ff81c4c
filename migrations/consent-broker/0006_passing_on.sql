-- A request for consent is passed on: somebody whose role does not suffice names somebody whose role does, and they get
-- a mail with a token of their own for the same link. The link is still used once, by whichever of its tokens.

-- How often it was passed on.
ALTER TABLE consent_broker.links ADD COLUMN passed_on integer NOT NULL DEFAULT 0 CHECK (passed_on >= 0);
GRANT UPDATE (passed_on) ON consent_broker.links TO mandate_consent_broker;

CREATE TABLE consent_broker.passings (
    id           uuid PRIMARY KEY,
    link_id      uuid NOT NULL REFERENCES consent_broker.links (id),
    -- For which account: known to its own people only, and so in no event of the app's organization.
    account_id   uuid NOT NULL,
    from_person  uuid NOT NULL,
    to_person    uuid NOT NULL CHECK (to_person <> from_person),
    passed_on_at timestamptz NOT NULL,
    UNIQUE (link_id, id)
);
-- When it was passed on to somebody the last time.
CREATE INDEX passings_to ON consent_broker.passings (link_id, to_person, passed_on_at DESC);

-- The tokens beside the one that its maker was given: one for each try at the mail.
CREATE TABLE consent_broker.link_tokens (
    -- SHA-256 of the token; the token itself is only in the mail.
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    link_id    uuid NOT NULL,
    pass_on_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    FOREIGN KEY (link_id, pass_on_id) REFERENCES consent_broker.passings (link_id, id)
);

-- A link that is passed on stays in its state, which the guard of its state does not let pass.
CREATE FUNCTION consent_broker.guard_passing_on() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    counted text[] := ARRAY['passed_on', 'version'];
BEGIN
    IF OLD.state NOT IN ('pending', 'opened') THEN
        RAISE EXCEPTION 'the link % is % and stays so', OLD.id, OLD.state USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.passed_on <> OLD.passed_on + 1 OR (to_jsonb(NEW) - counted) IS DISTINCT FROM (to_jsonb(OLD) - counted) THEN
        RAISE EXCEPTION 'passing the link % on changes nothing else', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'each change of the link % is one event', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER single_use ON consent_broker.links;
CREATE TRIGGER single_use BEFORE UPDATE ON consent_broker.links
    FOR EACH ROW WHEN (NEW.passed_on = OLD.passed_on) EXECUTE FUNCTION consent_broker.guard_link();
CREATE TRIGGER passed_on_once_more BEFORE UPDATE ON consent_broker.links
    FOR EACH ROW WHEN (NEW.passed_on <> OLD.passed_on) EXECUTE FUNCTION consent_broker.guard_passing_on();

CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON consent_broker.passings
    FOR EACH STATEMENT EXECUTE FUNCTION consent_broker.refuse_removal();
CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE ON consent_broker.link_tokens
    FOR EACH STATEMENT EXECUTE FUNCTION consent_broker.refuse_removal();

GRANT SELECT, INSERT ON consent_broker.passings, consent_broker.link_tokens TO mandate_consent_broker;
