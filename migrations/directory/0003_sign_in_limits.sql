-- How often somebody tried to sign in: by email, and by network. An attempt is counted before its password is
-- looked at, so that any number of them at the same time are no more guesses than one after the other.
--
-- Nobody's email is kept here: a subject is a keyed hash. Not logged: a crash of the server forgets what was
-- counted, and a flood of attempts writes no log.
CREATE UNLOGGED TABLE directory.sign_in_attempts (
    subject    bytea PRIMARY KEY CHECK (octet_length(subject) = 32),
    attempts   integer NOT NULL CHECK (attempts >= 1),
    last_at    timestamptz NOT NULL,
    -- An attempt before this is refused, and not counted: so every wait ends.
    allowed_at timestamptz NOT NULL
);

CREATE INDEX sign_in_attempts_last ON directory.sign_in_attempts (last_at);

-- From which networks a person has signed in. What is tried elsewhere does not lock them out there. A keyed hash
-- of the email and the network: two people of one network have nothing in common here.
CREATE TABLE directory.sign_in_networks (
    person_id uuid NOT NULL REFERENCES directory.people (id),
    network   bytea NOT NULL CHECK (octet_length(network) = 32),
    last_at   timestamptz NOT NULL,
    PRIMARY KEY (person_id, network)
);

CREATE INDEX sign_in_networks_last ON directory.sign_in_networks (last_at);

-- The key of these hashes: one, made by the first who needs it.
CREATE TABLE directory.sign_in_hash_key (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    key       bytea NOT NULL CHECK (octet_length(key) = 32)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON directory.sign_in_attempts TO mandate_directory;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory.sign_in_networks TO mandate_directory;
GRANT SELECT, INSERT ON directory.sign_in_hash_key TO mandate_directory;
