-- What a change may expect, asked in another way: which of these streams are, as this service knows them,
-- not at these versions. A set-returning function in SQL becomes part of the statement that asks, and of
-- its plan; a call of the PL/pgSQL function it replaces cost a fifth of that statement.
--
-- These are the service's own streams; a service that keeps the state of other streams replaces the
-- function by one that knows them too.
DROP FUNCTION is_as_expected(uuid[], bigint[]);
DO $$
BEGIN
    EXECUTE format($f$
        CREATE FUNCTION unexpected(streams uuid[], versions bigint[]) RETURNS SETOF uuid STABLE LANGUAGE sql AS $body$
            SELECT expected.stream_id
            FROM unnest(streams, versions) AS expected (stream_id, version)
            WHERE expected.version IS DISTINCT FROM (
                SELECT e.version FROM %I.events e WHERE e.stream_id = expected.stream_id
                ORDER BY e.version DESC LIMIT 1)
        $body$ $f$, current_schema());
    EXECUTE format('GRANT EXECUTE ON FUNCTION unexpected(uuid[], bigint[]) TO %I', 'mandate_' || current_schema());
END $$;
