//! The app registry over HTTP, on a real PostgreSQL under the service's own role, and a real NATS
//! with a directory that answers what a test tells it to.

#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test program: nothing imports it, and it may panic"
)]

mod answers;
mod catalogue;
mod changes;
mod creation;
mod freeze;
mod images;
mod lists;
mod questions;
mod races;
mod redirect_uris;
mod replays;
mod roles;
mod stage;
