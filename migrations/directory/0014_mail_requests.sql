-- Mails that other services ask for.

-- What was asked for, by the event that asks and whom it is to: whoever asks again, since the answer was lost, is
-- answered the same, whatever addresses have become meanwhile.
CREATE TABLE directory.mail_requests_taken (
    event_id     uuid NOT NULL,
    -- A person or an organization.
    recipient_id uuid NOT NULL,
    taken_at     timestamptz NOT NULL,
    PRIMARY KEY (event_id, recipient_id)
);
CREATE INDEX mail_requests_taken_by_age ON directory.mail_requests_taken (taken_at);

GRANT SELECT, INSERT, DELETE ON directory.mail_requests_taken TO mandate_directory;

ALTER TABLE directory.mails
    DROP CONSTRAINT mails_template_check,
    ADD CONSTRAINT mails_template_check CHECK (template IN (
        'confirm_contact', 'reset_password', 'password_changed', 'invite_member', 'invite_to_account',
        'domain_requested', 'domain_answered', 'consent_expiring', 'key_expiring', 'key_leaked',
        'consent_passed_on'));
