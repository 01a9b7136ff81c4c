-- The version that was created, which a repeated answer has as its ETag as well. None where there is no ETag, and
-- for answers of before.
ALTER TABLE idempotency_keys ADD COLUMN version bigint CHECK (version > 0);
