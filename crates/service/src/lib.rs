//! What every service needs, so that a service itself has only its own subject.
//!
//! Read it in this order:
//!
//! 1. [`resources`]: [`Resources`], what a service is given: connections, events, questions to others;
//!    [`Resources::start_relays`] and [`Resources::project`] send and follow events,
//!    [`Resources::group_commit`] and [`Resources::group_lookup`] commit and look up together.
//! 2. [`http`]: the application around the services' routes; what handlers take and give.
//! 3. [`request`] and [`authentication`]: what is known of a request, and of who calls; [`attempt`]: the
//!    way of every change; [`caller`]: which tokens open which routes.
//!    [`limits`] ward off floods, [`refusals`] counts what was refused.
//! 4. [`problem`]: errors as answers. One mapping for all services.
//! 5. [`rpc`]: questions between services over NATS; [`mail_requests`]: mails that they ask the directory for.
//! 6. [`tasks`] and [`health`]: background work that does not stay dead, and how it is told;
//!    [`background`]: a thread of its own for what no caller waits for; [`Stalls`]: relays that cannot publish.
//! 7. [`outgoing`]: HTTP requests to hosts that others name; [`master_key`]: secrets at rest that must be used
//!    again.
//! 8. [`settings`], [`connect`], [`preflight`], [`telemetry`], [`start`]: from a configuration to the resources of a running service.
//!
//! A service has a function `start(resources, settings) -> Result<axum::Router, StartError>` that
//! registers its questions, spawns its background work and returns its routes. The binary merges
//! the routes of the services it runs, puts [`http::application`] around them and calls
//! [`http::serve`].

pub mod attempt;
pub mod authentication;
pub mod background;
pub mod caller;
pub mod connect;
mod cors;
mod events;
mod forwarded;
pub mod health;
pub mod http;
pub mod limits;
pub mod mail_requests;
pub mod master_key;
pub mod metrics;
mod network;
pub mod outgoing;
mod pace;
pub mod preflight;
pub mod problem;
pub mod refusals;
pub mod request;
pub mod resources;
pub mod rpc;
pub mod settings;
mod stalls;
pub mod start;
pub mod tasks;
pub mod telemetry;

pub use attempt::{Attempt, Denied, Permit, Target};
pub use authentication::{AuthenticationError, Authenticator, Caller, RpcAuthenticator};
pub use background::Background;
pub use contract::rpc::{MemberRole, Membership};
pub use health::Health;
pub use limits::RateLimits;
pub use metrics::Metrics;
pub use problem::{Fault, FaultCode, Problem};
pub use refusals::{Refusal, Refusals};
pub use request::RequestFacts;
pub use resources::{Resources, ServiceState, Shared};
pub use rpc::{CallContext, RpcClient, RpcError, RpcRefusal};
pub use stalls::Stalls;
pub use start::StartError;
pub use tasks::Tasks;
