-- Mail. A mail is a row, written in the transaction of the event that asks for it: which template, and ids.
-- No text and no secret: names are looked up and tokens are made when it is rendered.

-- In which language people are written to. Organizations: whom they write to who is nobody here yet.
ALTER TABLE directory.people ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'fr'));
ALTER TABLE directory.organizations ADD COLUMN language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'fr'));

CREATE TABLE directory.mails (
    id              uuid PRIMARY KEY,
    -- The event that asks for it; one event may ask for mails to several people, each once.
    event_id        uuid NOT NULL,
    -- Of that event: what the events about the mail take over.
    organization_id uuid,
    correlation_id  uuid NOT NULL,
    template        text NOT NULL CHECK (template IN (
                        'confirm_contact', 'reset_password', 'password_changed', 'invite_member',
                        'invite_to_account', 'domain_requested', 'domain_answered')),
    -- The ids that the template is about.
    parameters      jsonb NOT NULL CHECK (jsonb_typeof(parameters) = 'object'),
    -- Personal, and in no event.
    recipient       text NOT NULL CHECK (char_length(recipient) BETWEEN 3 AND 254 AND position('@' IN recipient) > 1),
    language        text NOT NULL CHECK (language IN ('en', 'fr')),
    created_at      timestamptz NOT NULL,
    attempts        integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at timestamptz NOT NULL,
    sent_at         timestamptz,
    abandoned_at    timestamptz,
    -- What went wrong last: a class, and the server's code. Never what the server said, which may repeat the address.
    last_error      text CHECK (char_length(last_error) <= 100),
    UNIQUE (event_id, template, recipient),
    CHECK (sent_at IS NULL OR abandoned_at IS NULL)
);

CREATE INDEX mails_due ON directory.mails (next_attempt_at) WHERE sent_at IS NULL AND abandoned_at IS NULL;
-- What operators list, and what is forgotten some time after its end.
CREATE INDEX mails_waiting ON directory.mails (id) WHERE sent_at IS NULL AND abandoned_at IS NULL;
CREATE INDEX mails_abandoned ON directory.mails (id) WHERE abandoned_at IS NOT NULL;
CREATE INDEX mails_ended ON directory.mails (least(sent_at, abandoned_at))
    WHERE sent_at IS NOT NULL OR abandoned_at IS NOT NULL;

-- What was sent or abandoned stays so.
CREATE FUNCTION directory.freeze_mail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a mail is sent or abandoned once' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER mails_frozen
    BEFORE UPDATE ON directory.mails
    FOR EACH ROW WHEN (OLD.sent_at IS NOT NULL OR OLD.abandoned_at IS NOT NULL)
    EXECUTE FUNCTION directory.freeze_mail();

-- The tokens that were mailed, by what they are recognised by. Each try to send a mail makes one: of several
-- tokens of one subject, any uses the subject, and the subject is used once.
CREATE TABLE directory.mailed_links (
    -- SHA-256 of the secret.
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    mail_id    uuid NOT NULL REFERENCES directory.mails (id) ON DELETE CASCADE,
    purpose    text NOT NULL CHECK (purpose IN (
                   'confirm_contact', 'reset_password', 'invite_member', 'invite_to_account')),
    -- What the link is for: a confirmation, a reset, an invitation.
    subject_id uuid NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX mailed_links_mail ON directory.mailed_links (mail_id);

GRANT SELECT, INSERT, DELETE ON directory.mails TO mandate_directory;
GRANT UPDATE (attempts, next_attempt_at, sent_at, abandoned_at, last_error) ON directory.mails TO mandate_directory;
GRANT SELECT, INSERT, DELETE ON directory.mailed_links TO mandate_directory;
