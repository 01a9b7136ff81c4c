-- How the log is asked, however long it gets: a question about facts never sifts tokens, nor one about some
-- tokens all others.
--
-- A token is the record that an app leaves of itself: there are thousands a second, and of the log nearly
-- everything. Such entries are `bulk`: their actor is the app that they concern, of one organization, and of
-- no account. So three indexes answer for them what thirteen answer for all others, which are few. Whoever asks
-- reads at most one index of each kind, from the first key that fits to the last, and merges both by position
-- (crates/audit/src/plan.rs chooses; docs/http.md has the table).
--
-- | asked | of the others | of bulk |
-- |---|---|---|
-- | type | (type, position) | (type, position) |
-- | organization | (organization, position) | (organization, type, position), each type there is |
-- | organization, type | (organization, type, position) | the same |
-- | organization, app | (organization, app_id, position) | (app_id, organization, type, position) |
-- | organization, app, type | (organization, app_id, type, position) | the same |
-- | organization, account | (organization, account_id, position) | there are none |
-- | organization, account, type | (organization, account_id, type, position) | there are none |
-- | organization, actor | (organization, actor, position) | as organization, app if it is an app |
-- | app | (app_id, position) | (app_id, organization, type, position), each organization there is |
-- | app, type | (app_id, type, position) | the same |
-- | account | (account_id, position) | there are none |
-- | account, type | (account_id, type, position) | there are none |
-- | actor | (actor, position) | as app if it is an app |
-- | stream | (stream_id, version) for the first, (stream_id, position) for the rest: of both kinds | |
--
-- A range of times is one of positions: `recorded_at` never runs backwards, so it is bisected by the primary
-- key. When an event happened is another matter; audit.spans only narrows the search.

DROP INDEX audit.entries_organization;
DROP INDEX audit.entries_organization_type;
DROP INDEX audit.entries_app;
DROP INDEX audit.entries_account;
DROP INDEX audit.entries_actor;
DROP INDEX audit.entries_type;

ALTER TABLE audit.entries ADD COLUMN bulk boolean;
-- The table is written once more, in one pass, and no entry is touched by an UPDATE. With the indexes it takes
-- some ten seconds for a million entries.
ALTER TABLE audit.entries
    ALTER COLUMN bulk TYPE boolean USING (
        type IN ('mandate.access.refused.v1', 'mandate.sign-in.accepted.v1', 'mandate.sign-in.refused.v1',
                 'mandate.token.issued.v1', 'mandate.token.refused.v1')
        AND organization IS NOT NULL AND app_id IS NOT NULL AND account_id IS NULL
        AND actor = 'app/' || app_id
    ),
    ALTER COLUMN bulk SET NOT NULL,
    -- What the indexes of bulk answer for their columns must be true of every row.
    ADD CONSTRAINT entries_bulk_is_of_its_app CHECK (
        NOT bulk
        OR (organization IS NOT NULL AND app_id IS NOT NULL AND account_id IS NULL AND actor = 'app/' || app_id)
    );

CREATE INDEX entries_type ON audit.entries (type, position) WHERE NOT bulk;
CREATE INDEX entries_organization ON audit.entries (organization, position)
    WHERE NOT bulk AND organization IS NOT NULL;
CREATE INDEX entries_organization_type ON audit.entries (organization, type, position)
    WHERE NOT bulk AND organization IS NOT NULL;
CREATE INDEX entries_organization_app ON audit.entries (organization, app_id, position)
    WHERE NOT bulk AND organization IS NOT NULL AND app_id IS NOT NULL;
CREATE INDEX entries_organization_app_type ON audit.entries (organization, app_id, type, position)
    WHERE NOT bulk AND organization IS NOT NULL AND app_id IS NOT NULL;
CREATE INDEX entries_organization_account ON audit.entries (organization, account_id, position)
    WHERE NOT bulk AND organization IS NOT NULL AND account_id IS NOT NULL;
CREATE INDEX entries_organization_account_type ON audit.entries (organization, account_id, type, position)
    WHERE NOT bulk AND organization IS NOT NULL AND account_id IS NOT NULL;
CREATE INDEX entries_organization_actor ON audit.entries (organization, actor, position)
    WHERE NOT bulk AND organization IS NOT NULL;
CREATE INDEX entries_app ON audit.entries (app_id, position) WHERE NOT bulk AND app_id IS NOT NULL;
CREATE INDEX entries_app_type ON audit.entries (app_id, type, position) WHERE NOT bulk AND app_id IS NOT NULL;
CREATE INDEX entries_account ON audit.entries (account_id, position) WHERE NOT bulk AND account_id IS NOT NULL;
CREATE INDEX entries_account_type ON audit.entries (account_id, type, position)
    WHERE NOT bulk AND account_id IS NOT NULL;
CREATE INDEX entries_actor ON audit.entries (actor, position) WHERE NOT bulk;

CREATE INDEX entries_bulk_type ON audit.entries (type, position) WHERE bulk;
CREATE INDEX entries_bulk_organization ON audit.entries (organization, type, position) WHERE bulk;
CREATE INDEX entries_bulk_app ON audit.entries (app_id, organization, type, position) WHERE bulk;

-- Most streams are of one event, which (stream_id, version) finds.
CREATE INDEX entries_stream ON audit.entries (stream_id, position) WHERE version > 1;
