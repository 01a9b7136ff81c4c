//! The event store on a real PostgreSQL and a real NATS.
//!
//! [`world`] has the servers and the processes that run on them; [`observer`] has the consumer that
//! writes down what it was given. Each other module is a theme.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod append;
mod audit_messages;
mod crashes;
mod destinations;
mod groups;
mod leaders;
mod limits;
mod losses;
mod lost_view;
mod manifests;
mod observer;
mod order;
mod outages;
mod parked;
mod process;
mod producer;
mod projection;
mod world;
