-- Receipts are forgotten by their age, of one destination at a time: by an index of the age alone, those of the
-- other would be read as well.
DROP INDEX relay_batches_relayed_at;
CREATE INDEX relay_batches_relayed_at ON relay_batches (destination, relayed_at);
