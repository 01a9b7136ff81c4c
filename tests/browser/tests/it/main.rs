//! The product by clicks, and the harness itself.
//!
//! [`product`] is a system in a browser; [`sign_in`] is signing in and out, [`sessions`] where one is
//! signed in, [`wizard`] the way to an active app and its first key, [`consent`] from its first link to the end of a
//! consent, [`many_accounts`] the same for thousands, [`keys`] that a key is made once, [`interrupted`] what becomes of a
//! form whose session ends, [`single_sign_on`] the way over another site. [`every_page`] and [`samples`] are what a machine
//! can judge, [`spoken`] what a screen reader is told; [`gallery`] has the samples of both.
//!
//! Of the harness each thing is tried on a page that has the fault and on one that has not: [`pages`]
//! serves the pages of a test; [`settings`] is what the user set, [`finding`] what they find and do,
//! [`checking`] what is checked of every page. [`canonical`] needs only what is built with a browser's driver.

#![allow(clippy::unwrap_used, reason = "tests")]

mod canonical;
mod checking;
mod consent;
mod every_page;
mod finding;
mod gallery;
mod interrupted;
mod keys;
mod many_accounts;
mod pages;
mod product;
mod samples;
mod sessions;
mod settings;
mod sign_in;
mod single_sign_on;
mod spoken;
mod wizard;
