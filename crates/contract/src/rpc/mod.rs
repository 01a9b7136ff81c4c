//! The questions services ask each other over NATS request/reply, one type a question.
//!
//! A request goes to `mandate.rpc.<service>.<operation>` on the NATS services protocol; the reply
//! is the JSON of [`Request::Reply`]. Refusals come as service errors with a code and a slug.
//!
//! One NATS message carries each, so neither grows with a customer: a question names at most [`MOST_IDS`]
//! ids, and what has no other end is answered in pages, each saying after what the next begins.
//! `tests/attacks` asks every question with a hundred thousand rows behind it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ids::Service;

mod app_registry;
mod asked_ids;
mod audit;
mod consent_broker;
mod directory;
mod key_issuer;
mod leaks;
mod mails;
mod manifests;
mod organizations;
mod producer;
mod selectable_accounts;

pub use app_registry::*;
pub use asked_ids::{AskedIds, MOST_IDS, TooManyIds};
pub use audit::*;
pub use consent_broker::*;
pub use directory::*;
pub use key_issuer::*;
pub use leaks::*;
pub use mails::*;
pub use manifests::*;
pub use organizations::*;
pub use producer::*;
pub use selectable_accounts::*;

/// A question to one service.
pub trait Request: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The last part of the subject, such as `get-app`.
    const OPERATION: &'static str;
    /// The answer.
    type Reply: Serialize + DeserializeOwned + Send + Sync + 'static;
}

/// A question that only one service answers.
pub trait ServiceRequest: Request {
    /// The service that answers.
    const SERVICE: Service;
}

/// The subject of an operation of a service.
pub fn subject(service: Service, operation: &str) -> String {
    format!("mandate.rpc.{service}.{operation}")
}

macro_rules! questions {
    ($($request:ident -> $reply:ty = $service:ident . $operation:literal;)*) => {$(
        impl $crate::rpc::Request for $request {
            const OPERATION: &'static str = $operation;
            type Reply = $reply;
        }
        impl $crate::rpc::ServiceRequest for $request {
            const SERVICE: $crate::ids::Service = $crate::ids::Service::$service;
        }
    )*};
}
use questions;
