-- What a change may expect: that streams are, as this service knows them, still at the versions on
-- which the change was decided. Asked in the statement that records the change's events.
--
-- These are the service's own streams; a service that keeps the state of other streams replaces the
-- function by one that knows them too. PL/pgSQL keeps its plan; SQL would be planned at each call.
DO $$
BEGIN
    EXECUTE format($f$
        CREATE FUNCTION is_as_expected(streams uuid[], versions bigint[]) RETURNS boolean STABLE LANGUAGE plpgsql AS $body$
        BEGIN
            RETURN NOT EXISTS (
                SELECT FROM unnest(streams, versions) AS expected (stream_id, version)
                WHERE expected.version IS DISTINCT FROM (
                    SELECT e.version FROM %I.events e WHERE e.stream_id = expected.stream_id
                    ORDER BY e.version DESC LIMIT 1));
        END $body$ $f$, current_schema());
    EXECUTE format('GRANT EXECUTE ON FUNCTION is_as_expected(uuid[], bigint[]) TO %I', 'mandate_' || current_schema());
END $$;
