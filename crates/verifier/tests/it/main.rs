//! `mandate verify` over logs that are well, and over every kind of damage: the exit code, and the place that
//! is named.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod changed;
mod documented;
mod hostile;
mod index;
mod log;
mod manifests;
mod proof;
mod replaced;
mod serving;
mod signed;
mod streams;
mod well;
