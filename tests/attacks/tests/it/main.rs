//! What was tried against the system, and what it must go on doing meanwhile. An attack a file, in seconds each.

#![allow(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod audit_full;
mod jetstream_api;
mod nats_disk;
mod streams_away;
mod subscriber_overtaken;
