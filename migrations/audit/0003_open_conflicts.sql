-- Readiness asks for conflicts that nobody has acknowledged: those only are looked at.
CREATE INDEX conflicts_open ON audit.conflicts (kind) WHERE acknowledged_at IS NULL;
