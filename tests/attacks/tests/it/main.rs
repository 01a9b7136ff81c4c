//! What was tried against the system, and what it must go on doing meanwhile. An attack a file, in seconds each.

#![allow(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod another_service;
mod credentials;
mod forged_event;
mod jetstream_api;
mod jwts;
mod streams_away;
