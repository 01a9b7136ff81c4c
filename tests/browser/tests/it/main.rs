//! Each thing that the harness finds, tried on a page that has the fault and on one that has not.
//!
//! [`pages`] serves the pages of a test; [`settings`] is what the user set, [`finding`] what they find
//! and do, [`checking`] what is checked of every page.

#![allow(clippy::unwrap_used, reason = "tests")]

mod checking;
mod finding;
mod pages;
mod settings;
