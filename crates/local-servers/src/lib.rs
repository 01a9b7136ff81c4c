//! Private PostgreSQL and NATS servers on loopback, for `mandate up` and for tests.
//!
//! ```no_run
//! # async fn example() -> Result<(), local_servers::ServerError> {
//! use local_servers::{Postgres, PostgresOptions};
//!
//! let mut postgres = Postgres::start(PostgresOptions::in_folder("data/postgres")).await?;
//! println!("{}", postgres.admin_url());
//! postgres.stop().await?;
//! # Ok(())
//! # }
//! ```
//!
//! What a started server promises:
//!
//! * it listens on 127.0.0.1 only, behind a generated password kept in a file of mode 0600;
//! * a restart on the same folder finds the data, the passwords and, when still free, the port;
//! * it runs as an unprivileged account when the caller is root (PostgreSQL refuses root);
//! * it ends when its owner does, even when the owner is killed with SIGKILL (`watchdog.rs`).
//!
//! In reading order: `find.rs`, `fetch.rs` and `cache.rs` provide the programs, `folder.rs` guards the data
//! folder, `supervised.rs` and `watchdog.rs` run a process, `lifecycle.rs` puts these together, and
//! `postgres.rs` and `nats.rs` say what each server has of its own. `testing` (feature of the same name) has what tests need.

mod cache;
#[cfg(feature = "testing")]
mod chromium;
mod error;
mod fetch;
mod find;
mod folder;
#[cfg(feature = "testing")]
mod go;
mod lifecycle;
#[cfg(feature = "testing")]
mod mail_server;
mod nats;
mod nats_config;
mod nats_user;
#[cfg(feature = "testing")]
mod node;
mod port;
mod postgres;
mod process;
mod python;
#[cfg(feature = "testing")]
mod python_packages;
#[cfg(feature = "testing")]
mod schemathesis;
mod supervised;
#[cfg(feature = "testing")]
pub mod testing;
mod user;
mod version;
mod watchdog;
mod wheels;

pub use error::{FetchError, ServerError};
pub use find::{Provision, Source};
pub use folder::{make_open, used_port};
pub use nats::{Nats, NatsOptions};
pub use nats_user::{NatsAccount, NatsExport, NatsGuest, NatsImport, NatsUser};
pub use postgres::{Postgres, PostgresOptions};
pub use version::{Server, Version};
