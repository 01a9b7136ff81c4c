-- The relay looks every few seconds for receipts of another incarnation of the stream: almost always
-- there are none, and finding that out must not mean reading a week of receipts.
CREATE INDEX relay_batches_stream_created ON relay_batches (stream_created);
