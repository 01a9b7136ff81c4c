//! A log under attack by whoever is superuser of all databases and holds its key, unsealed: what an auditor finds who
//! kept a checkpoint.
//!
//! In reading order: [`filling`] plays a real system until its log has entries of every producer, and [`clean`] has the
//! auditor verify it while it grows: no alarm may be raised. [`original`] is the log as it was then. [`deed`] is what is
//! done to it, [`altered`] the log that comes of it, and [`manifests`] what becomes of these; [`rewriting`] writes that
//! into a copy of the database, as consistently as it can be done, and [`mirror`] is what a server would serve of it.
//! [`auditor`] verifies that, [`expected`] is what must be found, [`round`] does one deed, [`report`] says what came of
//! all, and [`run`] puts it together. Everything random comes from a seed ([`crate::random`]).

pub mod altered;
pub mod auditor;
pub mod clean;
pub mod deed;
pub mod expected;
pub mod filling;
pub mod manifests;
pub mod mirror;
pub mod original;
pub mod report;
pub mod rewriting;
pub mod round;
pub mod run;
