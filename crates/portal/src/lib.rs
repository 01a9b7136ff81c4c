//! The portal: the web pages of onboarding.
//!
//! It is the first customer of the public API: it calls the same operations as everyone, with the signed-in
//! person's own session token, and has no database role and no NATS user. It holds no rule of the product: what
//! may be done it reads from answers, and it words codes, not the API's sentences. In one process with the
//! services it calls their router without a socket; by itself it calls them over HTTP.
//!
//! Read it in this order:
//!
//! 1. [`router`](mod@router): every route on a line, the site map.
//! 2. `pages`: a folder a page, with its template, its handlers and its samples. A page imports no page.
//! 3. `layout`: what stands around each page; `parts`: what pages are made of. Parts know no pages.
//! 4. `api`: the calls, and what of their answers pages need.
//! 5. `signed_in`: who asks, by the session's cookie; `texts`: in which language.
//! 6. `headers`, `respond`, `assets`: what every answer carries.
//!
//! # To add a page
//!
//! 1. A folder under `pages` with `mod.rs` (view, handler), `page.html` and `samples.rs`.
//! 2. Its texts, in `locales/en` and `locales/fr`: a text that one of them lacks does not compile.
//! 3. A line in `router`, one in `router/tests.rs` and one in `gallery/mod.rs`.
//! 4. If it asks the API something new: a function in `api`, whose struct is checked against `docs/openapi.json`.
//! 5. `cargo test -p portal`: the walk over all routes fails where the page lacks one of its checks.

mod api;
mod assets;
mod brand;
mod browser;
mod cookies;
mod failed;
mod faults;
#[cfg(debug_assertions)]
mod gallery;
mod headers;
mod interrupted;
mod kept;
mod layout;
mod multipart;
mod numbers;
mod outcome;
mod pages;
mod parts;
mod portal;
mod respond;
pub mod router;
mod settings;
mod signed_in;
mod texts;
mod then;
mod times;

pub use api::Api;
pub use brand::BrandError;
#[cfg(debug_assertions)]
pub use gallery::gallery;
pub use router::router;
pub use settings::{Newcomer, Settings};
