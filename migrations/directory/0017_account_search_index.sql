-- Operators search all accounts by any part of a name or an external id. An index over all that is one, two or three
-- characters long in what is searched finds them; what it finds is then looked at for the whole text, since three
-- characters here and three there do not make one. (The extension pg_trgm would do as much for three characters only, and
-- is not everywhere.)

-- All parts of a text that are one, two or three characters long.
CREATE FUNCTION directory.search_parts(given text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
        SELECT coalesce(array_agg(DISTINCT substr(given, at, length)), '{}')
        FROM generate_series(1, char_length(given)) AS at, generate_series(1, 3) AS length
        WHERE at + length - 1 <= char_length(given)
    $$;

-- Those of them that are as long as can be, which any text has in it that has this in it.
CREATE FUNCTION directory.sought_parts(sought text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
        SELECT array_agg(DISTINCT substr(sought, at, 3))
        FROM generate_series(1, greatest(char_length(sought) - 2, 1)) AS at
    $$;

-- By bytes, whose order no update of a locale changes.
CREATE INDEX accounts_by_parts ON directory.accounts
    USING gin ((directory.search_parts(search_text)) COLLATE "C");
