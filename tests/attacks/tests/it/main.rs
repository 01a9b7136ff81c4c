//! What was tried against the system, and what it must go on doing meanwhile. An attack a file, in seconds each.

#![allow(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod jetstream_api;
mod large_app;
mod lost_view;
mod streams_away;
