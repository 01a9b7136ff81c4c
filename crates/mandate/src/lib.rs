//! The binary's inside: how a configuration becomes running services.
//!
//! In reading order: [`configuration`] (file, environment, flags), [`system`] (the services of this
//! process, started and stopped in order), `data_dir` (the folder of a `mandate up`), `local`
//! (private PostgreSQL and NATS for a machine without), [`subscribers`] (systems outside that read
//! events), `demo` (the main job, played through the public API), [`api`] (the OpenAPI document) and
//! [`cli`] (the commands).

#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "they panic when nobody reads: see `output`"
)]

mod answers;
pub mod api;
pub mod cli;
pub mod commands;
pub mod configuration;
mod data_dir;
mod demo;
mod front;
mod index;
mod local;
mod log;
mod migrating;
pub mod nats_accounts;
mod nats_restarts;
mod nats_users;
mod open_files;
pub mod output;
mod parameters;
mod portal_alone;
mod preflight;
mod promises;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod proxied;
pub mod subscribers;
pub mod system;
mod variables;
