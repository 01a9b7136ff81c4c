//! The workspace's own source, read for what the compiler does not hold: which modules a crate has,
//! in which files, and what they name.
//!
//! `tree` finds a crate's modules and their files, `names` what each defines and imports, `resolve`
//! what a path leads to, `tokens` what is written in it. Tests (`#[cfg(test)]`) are left out.

mod names;
mod resolve;
mod tokens;
mod tree;

pub(crate) use names::{ModuleId, name_of};
pub(crate) use resolve::Leads;
pub(crate) use tokens::{identifiers, paths};
pub(crate) use tree::{Crate, is_public};
