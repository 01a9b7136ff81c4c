//! The formats as others meet them: against the definitions, the specifications' examples, hostile
//! input, and Go's implementation.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod definition;
mod growth;
mod hostile;
mod mutations;
mod notes;
mod parsers;
mod proofs;

mod tiles;
