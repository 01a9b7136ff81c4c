//! The notifier: subscribers, systems outside that read an organization's events from NATS.
//!
//! A subscriber is added and removed from the command line. From then on it reads the events that it
//! was added for through a durable consumer of its own, which this service keeps in being. Nobody
//! calls the service over HTTP yet; over NATS it is asked only what every producer of events is.
//!
//! In reading order:
//!
//! 1. `subscriber`: the subscriber and its decisions, pure; `password`: what it proves itself by.
//! 2. `store`: the SQL; `migrations/notifier` holds the same rules once more as constraints.
//! 3. `subscribers`: adding, removing and listing them, on the database alone.
//! 4. `durables`: their consumers on NATS, kept as the table says.
//! 5. `progress`: how far they have read, and what their stream dropped before.
//! 6. `administration`: the streams at their limits, and the services' consumers where services may not make them.

mod administration;
mod durables;
mod password;
mod progress;
mod store;
mod subscriber;
mod subscribers;

use service::Resources;

pub use password::PasswordHash;
pub use subscriber::{InvalidSubscriber, Missed, NewSubscriber, STREAM, Subscriber};
pub use subscribers::{
    SubscriberError, add_subscriber, list_subscribers, missed_by_subscribers, remove_subscriber,
};

/// Starts the service: keeps the subscribers' consumers and the streams, and the consumers of all services where
/// they may not. It has no routes.
pub fn start(resources: &Resources) -> axum::Router {
    administration::keep(resources);
    durables::keep(resources);
    progress::watch(resources);
    axum::Router::new()
}
