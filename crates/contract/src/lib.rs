//! The language that Mandate's services share. No I/O happens here.
//!
//! Read it in this order:
//!
//! 1. [`ids`]: every id is a type of its own; [`Service`] names the services.
//! 2. [`actor`]: who does things, [`Credential`]: by what people prove it, and [`provenance`]: why they were allowed and where they came from.
//! 3. [`facts`]: what can happen, one struct an event type.
//! 4. [`envelope`]: a fact as a CloudEvent, its canonical bytes and its NATS subject; [`PlainEnvelope`]: where it stands, out of
//!    the bytes; [`Indexed`]: by what it is found.
//! 5. [`Commitment`]: how personal data and typed text are bound to an event and can still be erased.
//!    [`manifest`]: what services say that they have recorded.
//! 6. [`catalogue`]: what apps can ask for.
//! 7. [`rpc`]: the questions services ask each other; [`follows`]: what they follow of each other's events.
//!    [`mail`]: the mails that they ask the directory for.
//! 8. [`text`]: which characters a name that people decide by cannot have; [`instant`]: which
//!    times are taken.
//! 9. [`secret`] and [`environment`]: secrets as types; clock and randomness as arguments.

pub mod actor;
pub mod catalogue;
mod commitment;
mod credential;
pub mod envelope;
pub mod environment;
pub mod facts;
pub mod follows;
pub mod ids;
mod indexed;
pub mod instant;
pub mod kinds;
pub mod mail;
pub mod manifest;
mod patterns;
mod plain_envelope;
#[cfg(test)]
mod properties;
pub mod provenance;
pub mod rpc;
pub mod secret;
pub mod text;
pub mod trace;

pub use actor::Actor;
pub use commitment::{Commitment, Context, Salt, Sealed};
pub use credential::{Credential, TokenScope};
pub use envelope::{Envelope, EnvelopeError, MAX_EVENT_BYTES, Version};
pub use environment::{Clock, Entropy, Environment};
pub use facts::{Fact, NoDetails};
pub use ids::*;
pub use indexed::{INDEX_SPAN, IndexColumns, IndexRow, IndexSpan, Indexed};
pub use plain_envelope::PlainEnvelope;
pub use provenance::{Authority, Provenance};
pub use trace::TraceParent;
