//! The consent broker on a real PostgreSQL and a real NATS, over its public API. The other services
//! answer from [`remote_services`], over NATS as well.

#![expect(clippy::unwrap_used, reason = "in a test, what cannot be had fails it")]

mod activity;
mod all_accounts;
mod answers;
mod database;
mod details;
mod ending;
mod expiry;
mod grants;
mod languages;
mod large_app;
mod links;
mod many;
mod notices;
mod page;
mod passing_on;
mod people;
mod receipts;
mod redemption;
mod refusals;
mod remote_services;
mod renewal;
mod stage;
