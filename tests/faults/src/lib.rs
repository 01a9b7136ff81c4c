//! The product under fire: whole journeys by many clients through HTTP against the real binary, while
//! processes, servers and connections break; and after each round, that nothing was lost and nothing
//! doubled.
//!
//! In reading order: [`stage`] is what is broken (PostgreSQL, NATS, replicas, and a [`proxy`] before
//! each connection, a small [`disk`] below each server that is to run out of room), [`fault`] is how, [`load`] plays the journeys by each [`client`] for a [`cast`]
//! (`people` and `sign_in` those of people)
//! and writes the [`history`], [`subscriber`] follows the events as a system outside would, [`check`] is what must hold,
//! `auditor` verifies the log as people outside do, and [`round`] puts it together. Everything random comes from a seed ([`random`]), so that a run can be
//! tried again; what the machine's scheduling adds to it cannot be repeated.
//!
//! [`sabotage`] is another fire: the log in the hands of whoever owns the databases and the key.

mod auditor;
pub mod cast;
pub mod check;
pub mod client;
mod consents;
mod database;
pub mod disk;
mod disks;
pub mod fault;
pub mod fleet;
mod flood;
pub mod history;
mod invariants;
mod invariants_of_people;
pub mod load;
mod log;
pub mod mail;
mod nats;
mod people;
pub mod process;
pub mod programs;
pub mod proxy;
pub mod random;
mod redirect_uris;
pub mod report;
pub mod round;
pub mod sabotage;
mod settings;
mod shape;
mod sign_in;
pub mod skewed;
pub mod stage;
pub mod subscriber;
