//! What was tried against the system, and what it must go on doing meanwhile. An attack a file, in seconds each.

#![allow(clippy::unwrap_used, reason = "tests")]

mod accounts;
mod guesses;
mod jetstream_api;
mod refusals;
mod streams_away;
mod token_rates;
mod two_credentials;
