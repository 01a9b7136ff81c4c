//! The test harness's common part: what every integration test needs before it can begin.
//!
//! In reading order: [`servers`] is a migrated database and a NATS, and connects services to them;
//! [`people`] are callers with API tokens; [`client`] speaks HTTP to a router or to an address, and
//! [`answer`] is what comes back; [`snapshot`] is an answer without what differs from run to run;
//! [`identity_provider`] is where people sign in elsewhere;
//! [`wait`] waits on conditions; [`limits`] are so wide that no other test meets them. What is one service's own is in that service's tests.
//!
//! It depends on crates whose tests use it. Cargo allows that for dev-dependencies, but a crate's
//! unit tests are another build of the crate, whose types are not these: only integration tests
//! use it.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod answer;
mod client;
mod identity_provider;
mod limits;
mod people;
mod servers;
mod snapshot;
mod wait;

pub use answer::Answer;
pub use axum::http::Method;
pub use client::{Addresses, Client, Request, USER_AGENT};
pub use identity_provider::{IdentityProvider, Returned, Somebody};
pub use limits::{wide_limit_section, wide_limit_variables, wide_limits};
pub use people::{Cast, People, Person};
pub use servers::{Servers, connect, database, migrate, nats_client, shared, shared_within};
pub use snapshot::redacted;
pub use wait::{Look, PATIENCE, TooLate, eventually, within};
