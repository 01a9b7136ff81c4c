//! The journeys. One test program; see `journeys` for the harness.
//!
//! [`journey`] is the main job and [`recorded`] what the audit log says of it, [`replicas`] the same
//! things at the same time, [`up`] the system of one machine. The refusals of the rules are in
//! [`organizations`] (rules 1, 2, 4 and 5), [`invitations`] (3 and 9), [`apps`] (6 to 10), [`app_ends`] (11), [`keys`] (13 to 15),
//! [`links`] (16, 17, 21), [`consent`] (18 to 22), [`grants`] (23), [`consent_ends`] (35 to 39), [`passing_on`] (40), [`tokens`] (27 to 29), [`log`]
//! (32 to 34) and, for all of them, [`sign_ins`], [`single_sign_on`] and [`mails`]; who may do what, and what a refusal leaves, is in the
//! walk of `tests/coverage`. [`pages`] is what pages ask, [`page_questions`] how much, [`portal`] what pages hand on and what is logged of them, [`database`] is what PostgreSQL refuses by itself, [`typed_text`] what no event may hold, [`plans`] what its queries
//! may cost, [`import`] the CSV files, [`clients`] the programs of docs/clients.md, [`upgrade`] databases of earlier
//! versions, [`verifying`] what auditors find and [`evidence`] what they are handed, [`log_continued`] what becomes of
//! the log after a restore and [`log_crashes`] after a kill, [`command_line`] the
//! commands.

#![allow(clippy::unwrap_used, reason = "tests")]

mod app_ends;
mod apps;
mod clients;
mod command_line;
mod consent;
mod consent_ends;
mod database;
mod evidence;
mod grants;
mod import;
mod invitations;
mod journey;
mod key_ends;
mod keys;
mod links;
mod log;
mod log_continued;
mod log_crashes;
mod mails;
mod manifests;
mod organizations;
mod page_questions;
mod pages;
mod passing_on;
mod plans;
mod portal;
mod recorded;
mod replicas;
mod sign_ins;
mod single_sign_on;
mod tokens;
mod typed_text;
mod up;
mod upgrade;
mod verifying;
mod wrong_starts;
