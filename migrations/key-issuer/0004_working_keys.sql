-- The keys of an app that work at a moment, by when each ends: those that ended before, of which an app may have any
-- number, are not read.
CREATE INDEX keys_working ON key_issuer.keys (app_id, coalesce(least(expires_at, ends_at), 'infinity'));
