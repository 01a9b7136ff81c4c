-- Accounts are searched by name and external id, in upper or lower case, with accents or without. What is compared
-- is made once, when an account is written: a person can see thousands of accounts, and each would be taken apart for
-- every search.

-- Compatibility decomposition (Unicode standard annex 15) parts a letter from its accents, which are then left out.
-- The letters after that do not come apart. Decomposed first, the letters of Western Europe are ASCII, whose case
-- does not depend on the database's locale.
CREATE FUNCTION directory.search_form(given text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
        SELECT replace(replace(replace(
            translate(lower(regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]', '', 'g')),
                'øØłŁđĐħĦıÆŒ', 'oollddhhiæœ'),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')
    $$;

-- A line each, so that no search matches the end of the one and the beginning of the other.
ALTER TABLE directory.accounts ADD COLUMN search_text text NOT NULL
    GENERATED ALWAYS AS (directory.search_form(name || coalesce(E'\n' || external_id, ''))) STORED;
