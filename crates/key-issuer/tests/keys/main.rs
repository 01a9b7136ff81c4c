//! The key issuer over HTTP and RPC, on a real PostgreSQL under the service's own role, and a real
//! NATS with an app registry that says what a test tells it to.

#![allow(
    clippy::unwrap_used,
    clippy::similar_names,
    unreachable_pub,
    reason = "a test program: it may panic, and nothing imports it"
)]

mod activity;
mod answers;
mod apps;
mod creation;
mod endings;
mod floods;
mod guards;
mod large_app;
mod leaks;
mod names;
mod notices;
mod questions;
mod registry;
mod replacement;
mod signing;
mod stage;
mod token_events;
mod tokens;
mod view;
