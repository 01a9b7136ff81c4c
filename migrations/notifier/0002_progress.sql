-- How far each subscriber has read, as it was when it was last looked, and how many events its stream dropped
-- before it had them. NATS tells neither of what it dropped: it shows in the difference between two looks.
CREATE TABLE notifier.subscriber_progress (
    subscriber_id   uuid PRIMARY KEY REFERENCES notifier.subscribers,
    -- Which stream and consumer that was: those that are made again count anew.
    incarnation     text NOT NULL,
    -- The last sequence number of the stream.
    last_sequence   bigint NOT NULL,
    -- The last one that was delivered, and how many deliveries there were, repeated ones too.
    delivered       bigint NOT NULL,
    deliveries      bigint NOT NULL,
    -- How many of its events were in the stream and not delivered yet.
    pending         bigint NOT NULL,
    missed          bigint NOT NULL DEFAULT 0 CHECK (missed >= 0),
    missed_at       timestamptz CHECK ((missed_at IS NULL) = (missed = 0)),
    -- Of two replicas that look at the same time one counts.
    looks           bigint NOT NULL CHECK (looks >= 1)
);

GRANT SELECT, INSERT, UPDATE ON notifier.subscriber_progress TO mandate_notifier;
