//! The harness of the journeys: real processes of the binary, on a real PostgreSQL and a real NATS,
//! spoken to over HTTP as their users do.
//!
//! In reading order: [`program`] runs the binary, [`system`] sets a whole system up, [`people`] has
//! the cast (an operator, an organization's members, an account's people), [`invitations`] what they are mailed, [`events`] reads what is
//! found in the audit log, [`jwt`] verifies access tokens without any code of ours, [`fixture`] is what a
//! database of an earlier version must still have. HTTP and waiting on conditions come from `stage`. The
//! journeys are in `tests/it`.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

pub mod events;
pub mod fixture;
pub mod invitations;
pub mod jwt;
pub mod people;
pub mod program;
pub mod system;
