//! The directory over HTTP and NATS, on a real PostgreSQL and a real NATS.

#![allow(
    clippy::unwrap_used,
    reason = "the helpers of tests are tests, and clippy knows only #[test] functions"
)]

mod account_search;
mod accounts;
mod answers;
mod audit_tokens;
mod deactivation;
mod domain_requests;
mod editing_me;
mod emails;
mod export;
mod finding_people;
mod guesses;
mod import;
mod invitations;
mod invitations_at_once;
mod invitations_bounded;
mod invited;
mod leaked;
mod leaving;
mod mail_requests;
mod mail_server;
mod mails;
mod members;
mod names;
mod organizations;
mod passed_on;
mod password_resets;
mod passwords;
mod people;
mod questions;
mod sessions;
mod single_sign_on;
mod stage;
mod token_chain;
mod tokens;
