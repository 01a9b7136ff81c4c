-- A token is decided on a key and on an app as this service knows it: the tables tell both.
CREATE OR REPLACE FUNCTION key_issuer.is_as_expected(streams uuid[], versions bigint[]) RETURNS boolean STABLE
LANGUAGE plpgsql AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM unnest(streams, versions) AS expected (stream_id, version)
        WHERE expected.version IS DISTINCT FROM coalesce(
            (SELECT k.version FROM key_issuer.keys k WHERE k.key_id = expected.stream_id),
            (SELECT a.version FROM key_issuer.apps a WHERE a.app_id = expected.stream_id)));
END $$;
