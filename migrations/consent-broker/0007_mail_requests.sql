-- Mails that this service's events ask for: written in the transaction of the event, handed to the directory by a
-- worker (crates/service/src/mail_requests.rs), which deletes the row once the directory has it. Ids only.
CREATE TABLE consent_broker.mail_requests (
    id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id        uuid        NOT NULL,
    -- To whom: a person, or an organization's contact.
    recipient       jsonb       NOT NULL CHECK (jsonb_typeof(recipient) = 'object'),
    -- The event's, for the events about the mail.
    organization_id uuid,
    correlation_id  uuid        NOT NULL,
    -- Which template, with what it is about.
    mail            jsonb       NOT NULL CHECK (jsonb_typeof(mail) = 'object'),
    created_at      timestamptz NOT NULL,
    -- Refused ones wait, so that they hold up nobody.
    attempts        integer     NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at timestamptz NOT NULL,
    -- An event asks for one mail to the same recipient.
    UNIQUE (event_id, recipient)
);
CREATE INDEX mail_requests_due ON consent_broker.mail_requests (next_attempt_at);

GRANT SELECT, INSERT, DELETE ON consent_broker.mail_requests TO mandate_consent_broker;
GRANT UPDATE (attempts, next_attempt_at) ON consent_broker.mail_requests TO mandate_consent_broker;
