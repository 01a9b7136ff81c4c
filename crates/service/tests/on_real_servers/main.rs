//! The library on a real PostgreSQL and a real NATS.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod bench;
mod creating;
mod questions;
mod readiness;
