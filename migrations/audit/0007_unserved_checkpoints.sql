-- Each second those that nobody has seen are forgotten: they are found without those that were served, which stay for ever.
CREATE INDEX checkpoints_unserved ON audit.checkpoints (size) WHERE served_at IS NULL;
