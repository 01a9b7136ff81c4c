-- Whoever asks what is held on them is told of the mails that went to their address, of the invitations that they
-- sent or accepted, and of the domains that they asked for: each in the order of ids, in portions.

CREATE INDEX mails_to ON directory.mails (recipient, id);
CREATE INDEX invitations_sent ON directory.invitations (invited_by, id);
CREATE INDEX invitations_accepted ON directory.invitations (ended_by, id) WHERE state = 'accepted';
CREATE INDEX domain_requests_made ON directory.domain_requests (requested_by, id);
