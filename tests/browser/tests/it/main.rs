//! The product by clicks, and the harness itself.
//!
//! [`product`] is a system in a browser; [`sign_in`] is signing in and out, [`sessions`] where one is
//! signed in, [`wizard`] the way to an active app and its first key, [`every_page`]
//! what a machine can judge.
//!
//! Of the harness each thing is tried on a page that has the fault and on one that has not: [`pages`]
//! serves the pages of a test; [`settings`] is what the user set, [`finding`] what they find and do,
//! [`checking`] what is checked of every page.

#![allow(clippy::unwrap_used, reason = "tests")]

mod checking;
mod every_page;
mod finding;
mod pages;
mod product;
mod sessions;
mod settings;
mod sign_in;
mod wizard;
