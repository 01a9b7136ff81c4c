-- Invitations: to become a member of an organization, or to hold a role on an account. The token is no part of
-- one: each mail has its own, in `mailed_links`. The service decides; what must never happen, whatever it does,
-- is refused here a second time: an invitation is accepted once, before its time runs out, and not after it was
-- revoked.

CREATE TABLE directory.invitations (
    id              uuid PRIMARY KEY,
    -- To what: either these
    organization_id uuid REFERENCES directory.organizations (id),
    member_role     text CHECK (member_role IN ('owner', 'developer', 'auditor')),
    -- or these.
    account_id      uuid REFERENCES directory.accounts (id),
    account_role    text CHECK (account_role IN ('admin', 'business_manager', 'technical_manager',
                                                 'analyst', 'viewer')),
    -- Who is invited, in the normal form. Personal, in no event, and forgotten some time after the end.
    email           text CHECK (email COLLATE "C" = lower(email COLLATE "C"))
                    CHECK (char_length(email) BETWEEN 3 AND 254 AND position('@' IN email) > 1),
    language        text NOT NULL CHECK (language IN ('en', 'fr')),
    invited_by      uuid NOT NULL REFERENCES directory.people (id),
    created_at      timestamptz NOT NULL,
    -- When it was sent last, and how often.
    sent_at         timestamptz NOT NULL CHECK (sent_at >= created_at),
    sendings        integer NOT NULL CHECK (sendings >= 1),
    expires_at      timestamptz NOT NULL CHECK (expires_at > sent_at),
    state           text NOT NULL,
    -- When and by whom it was accepted or revoked, or when its expiry was recorded.
    ended_at        timestamptz,
    ended_by        uuid REFERENCES directory.people (id),
    version         bigint NOT NULL CHECK (version >= 1),

    CONSTRAINT to_one_thing CHECK (
        num_nonnulls(organization_id, account_id) = 1
        AND (organization_id IS NULL) = (member_role IS NULL)
        AND (account_id IS NULL) = (account_role IS NULL)),
    CONSTRAINT to_somebody_as_long_as_it_is_pending CHECK (email IS NOT NULL OR state <> 'pending'),
    CONSTRAINT state_and_its_times CHECK (CASE state
        WHEN 'pending'  THEN ended_at IS NULL AND ended_by IS NULL
        -- Never past its expiry, whether or not the expiry was recorded yet.
        WHEN 'accepted' THEN ended_at IS NOT NULL AND ended_at < expires_at AND ended_by IS NOT NULL
        WHEN 'revoked'  THEN ended_at IS NOT NULL AND ended_by IS NOT NULL
        WHEN 'expired'  THEN ended_at IS NOT NULL AND ended_at >= expires_at AND ended_by IS NULL
        ELSE false
    END)
);

-- Somebody is invited to a thing once at a time.
CREATE UNIQUE INDEX invitations_pending_to_organization ON directory.invitations (organization_id, email)
    WHERE state = 'pending' AND organization_id IS NOT NULL;
CREATE UNIQUE INDEX invitations_pending_to_account ON directory.invitations (account_id, email)
    WHERE state = 'pending' AND account_id IS NOT NULL;
CREATE INDEX invitations_of_organization ON directory.invitations (organization_id, id)
    WHERE organization_id IS NOT NULL;
CREATE INDEX invitations_of_account ON directory.invitations (account_id, id) WHERE account_id IS NOT NULL;
-- How many somebody has sent lately.
CREATE INDEX invitations_of_inviter ON directory.invitations (invited_by, sent_at);
-- What the sweeper looks for. Not by the state: the planner would look through it for what it finds by a key.
CREATE INDEX invitations_due ON directory.invitations (expires_at) WHERE ended_at IS NULL;
CREATE INDEX invitations_to_forget ON directory.invitations (ended_at)
    WHERE email IS NOT NULL AND ended_at IS NOT NULL;

CREATE FUNCTION directory.freeze_invitation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an invitation ends once, and is to the same thing for the same address until then'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER invitations_frozen
    BEFORE UPDATE ON directory.invitations
    FOR EACH ROW WHEN (
        -- Of one that has ended only the address can change, and only by being forgotten.
        (OLD.state <> 'pending'
         AND (OLD.state, OLD.sent_at, OLD.sendings, OLD.expires_at, OLD.ended_at, OLD.ended_by, OLD.version)
             IS DISTINCT FROM
             (NEW.state, NEW.sent_at, NEW.sendings, NEW.expires_at, NEW.ended_at, NEW.ended_by, NEW.version))
        OR (NEW.email IS DISTINCT FROM OLD.email AND NEW.email IS NOT NULL)
        OR (OLD.id, OLD.organization_id, OLD.member_role, OLD.account_id, OLD.account_role, OLD.language,
            OLD.invited_by, OLD.created_at)
           IS DISTINCT FROM
           (NEW.id, NEW.organization_id, NEW.member_role, NEW.account_id, NEW.account_role, NEW.language,
            NEW.invited_by, NEW.created_at))
    EXECUTE FUNCTION directory.freeze_invitation();

GRANT SELECT, INSERT ON directory.invitations TO mandate_directory;
GRANT UPDATE (email, sent_at, sendings, expires_at, state, ended_at, ended_by, version)
    ON directory.invitations TO mandate_directory;
