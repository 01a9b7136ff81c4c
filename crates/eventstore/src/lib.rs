//! Events: written in the same Postgres transaction as the change, relayed over JetStream, and
//! consumed with an effect of exactly once.
//!
//! # Writing
//!
//! ```text
//! let mut unit = events.begin(&provenance);
//! store::save(unit.connection().await?, &app).await?;            // the state
//! unit.record(app.id.uuid(), app.version, &AppSuspended { … })?;
//! unit.commit().await?;                                        // both, or neither
//! ```
//!
//! What people typed is no part of the fact but of its details: [`Unit::record_with`].
//!
//! [`Unit`] has no other way out: a unit without events is refused, a unit that is dropped is
//! rolled back. Two writers of one stream cannot both take a version ([`AppendError::Conflict`]).
//!
//! # On its way
//!
//! [`relay`] publishes what [`Unit`] left in the outbox, in order, and deletes it once JetStream
//! has acknowledged. JetStream may lose what it acknowledged: the relay remembers what that was,
//! compares, and publishes again. Every crash point is named there.
//!
//! There are two destinations ([`Destination`]), with a relay each. Audit gets every event with its context
//! and its details, many in an [`audit_message`]; everybody else gets facts, alone, and no records.
//!
//! # Reading
//!
//! [`consumer`] delivers batches from a durable consumer, again and again until they are dealt
//! with. [`projection`] turns that into "once, in order, without gaps" for code that keeps its
//! state in Postgres. [`gap`] asks for what is missing, and [`producer`] answers. [`reconcile`] finds what
//! is missing at the end of streams; [`projection_comparison`] does so for projections, and knows how old
//! their view is ([`ViewAge`]). A stream that cannot be applied is parked ([`ParkedStreams`]), so that the
//! others go on. A [`Durable`] is for readers outside; [`Progress`]
//! is how far they have come. Where services may not make streams
//! and consumers, one login does ([`Transport::make_all`]).
//!
//! # Counting
//!
//! [`manifests`] say what was recorded, so that what is missing in the log shows, whole streams included.
//!
//! # Together
//!
//! [`availability`] knows whether the database takes changes. [`rows`] is what every store asks of its rows. [`group_commit`] and [`group_lookup`], over [`batch`]: one round trip to the database for all who wait
//! for the same.

mod administration;
pub mod audit_message;
pub mod availability;
pub mod batch;
pub mod consumer;
pub mod dedicated_connection;
mod destination;
mod durables;
mod event_store;
pub mod gap;
mod grace_period;
pub mod group_commit;
pub mod group_lookup;
pub mod idempotency;
pub mod inactivity;
pub mod manifests;
mod outbox_cache;
mod parked_streams;
pub mod producer;
mod progress;
pub mod projection;
pub mod projection_comparison;
mod publish;
pub mod reconcile;
pub mod relay;
pub mod rows;
mod store;
mod time_limit;
pub mod transport;
mod unit;
mod view_age;

pub use destination::Destination;
pub use durables::Durable;
pub use event_store::EventStore;
pub use idempotency::IdempotencyRecord;
pub use parked_streams::ParkedStreams;
pub use progress::{Look, Progress};
pub use projection::{Projection, ProjectionError};
pub use store::NewEvent;
pub use store::insert::{EventColumns, InsertWithEvents, PartColumns, Sequences};
pub use transport::{Transport, TransportSettings};
pub use unit::{AppendError, Unit};
pub use view_age::ViewAge;
