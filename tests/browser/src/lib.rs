//! Pages as people meet them: in a real Chromium, by what is written on buttons and fields.
//!
//! ```no_run
//! # async fn example() {
//! use browser::{Browser, Options};
//!
//! let browser = Browser::start(Options { language: "fr", ..Options::default() }).await;
//! browser.goto("http://127.0.0.1:8080/").await;
//! browser.fill("Email", "alice@example.com").await;
//! browser.click_button("Sign in").await;
//! browser.heading("My apps").await;
//! browser.assert_quiet().await;
//! # }
//! ```
//!
//! In reading order: [`Options`] says what its user set, [`Browser`] starts one and looks at it as a
//! whole, `find.rs` finds by role and name and waits until it is there, `keyboard.rs` goes from stop to
//! stop; `axe.rs`, `checks.rs` and `tree.rs` are what is asked of every page. Scripts of these lie beside
//! them. The program `screenshots` takes the pictures of a gallery.
//!
//! Nothing but the checks returns an error: a test whose browser does not answer can only fail.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod axe;
mod browser;
mod checks;
mod find;
mod keyboard;
mod options;
mod quiet;
mod tree;

pub use browser::Browser;
pub use thirtyfour::Key;

pub use options::{ColorScheme, Options, Viewport};
