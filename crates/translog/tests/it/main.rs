//! The formats as others meet them: against the definitions, the specifications' examples, hostile
//! input, and the implementations of others.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod bundles;
mod cloudflare;
mod definition;
mod growth;
mod hostile;
mod mutations;
mod notes;
mod parsers;
mod proofs;
mod sumdb;
mod tiles;
