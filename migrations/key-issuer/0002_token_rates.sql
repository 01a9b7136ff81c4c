-- How many requests for tokens each app has made in the current minute (rule 31), over all replicas. A replica
-- takes part of the minute's allowance and hands it out by itself, so that a token costs no statement of its own.
--
-- It is worth nothing after its minute, so it is not logged: a crash of the server gives every app one minute's
-- allowance more.
CREATE UNLOGGED TABLE key_issuer.token_rates (
    app_id       uuid PRIMARY KEY,
    window_start timestamptz NOT NULL,
    -- Of the allowance of this window, so much was handed to replicas; and so much to the one that asked last.
    taken        integer NOT NULL CHECK (taken >= 1),
    granted      integer NOT NULL CHECK (granted BETWEEN 0 AND taken)
) WITH (fillfactor = 50);

GRANT SELECT, INSERT, UPDATE ON key_issuer.token_rates TO mandate_key_issuer;
