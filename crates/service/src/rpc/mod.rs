//! Questions between services over NATS request/reply, on the NATS services protocol.
//!
//! [`client`] asks, [`server`] answers, [`producer`] answers what every producer is asked.
//!
//! On the wire: the request goes to `mandate.rpc.<service>.<operation>` with the JSON of the
//! question, and the headers `Mandate-Correlation`, `traceparent` and `Mandate-Actor`. The reply is
//! the JSON of the answer; a refusal has the headers of the services protocol (`Nats-Service-Error`
//! with the explanation, `Nats-Service-Error-Code` with an HTTP status) and `Mandate-Problem` with
//! the slug. A reply larger than NATS allows is refused with 413.

use std::borrow::Cow;
use std::str::FromStr;

use async_nats::HeaderMap;
use axum::http::StatusCode;
use contract::{Actor, CorrelationId, Envelope, Environment, Provenance, TraceParent};

use crate::problem::Problem;
use crate::request::RequestFacts;

pub mod client;
pub mod producer;
pub mod server;

pub use client::RpcClient;
pub use server::RpcServer;

const CORRELATION: &str = "Mandate-Correlation";
const TRACEPARENT: &str = "traceparent";
const ACTOR: &str = "Mandate-Actor";
const PROBLEM: &str = "Mandate-Problem";

/// What a question belongs to. Made from [`RequestFacts`], a [`Provenance`] or an [`Envelope`].
#[derive(Debug, Clone)]
pub struct CallContext {
    /// What belongs together shares it.
    pub correlation: CorrelationId,
    /// The trace.
    pub traceparent: Option<TraceParent>,
    /// On whose behalf, where that is known. Informs logs; proves nothing.
    pub actor: Option<Actor>,
}

impl CallContext {
    /// A service asking by itself.
    pub fn new(environment: &Environment) -> Self {
        Self {
            correlation: environment.new_id(),
            traceparent: Some(TraceParent::start(environment)),
            actor: None,
        }
    }

    fn to_headers(&self, environment: &Environment) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CORRELATION, self.correlation.to_string());
        if let Some(trace) = self.traceparent {
            headers.insert(TRACEPARENT, trace.child(environment).to_string());
        }
        if let Some(actor) = self.actor {
            headers.insert(ACTOR, actor.to_string());
        }
        headers
    }

    fn from_headers(headers: Option<&HeaderMap>, environment: &Environment) -> Self {
        fn read<T: FromStr>(headers: Option<&HeaderMap>, name: &str) -> Option<T> {
            headers?.get(name)?.as_str().parse().ok()
        }
        Self {
            correlation: read(headers, CORRELATION).unwrap_or_else(|| environment.new_id()),
            traceparent: read(headers, TRACEPARENT),
            actor: read(headers, ACTOR),
        }
    }
}

impl From<&Self> for CallContext {
    fn from(context: &Self) -> Self {
        context.clone()
    }
}

impl From<&RequestFacts> for CallContext {
    fn from(facts: &RequestFacts) -> Self {
        Self {
            correlation: facts.correlation,
            traceparent: Some(facts.traceparent),
            actor: facts.actor(),
        }
    }
}

impl From<&Provenance> for CallContext {
    fn from(provenance: &Provenance) -> Self {
        Self {
            correlation: provenance.correlation,
            traceparent: provenance.traceparent,
            actor: Some(provenance.actor()),
        }
    }
}

impl From<&Envelope> for CallContext {
    fn from(event: &Envelope) -> Self {
        Self {
            correlation: event.correlationid,
            traceparent: event.traceparent,
            actor: Some(event.actor),
        }
    }
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// The service answered that it does not.
    #[error("{code} {slug}: {detail}")]
    Refused {
        /// An HTTP status.
        code: u16,
        /// Like a [`Problem`]'s.
        slug: String,
        /// For people.
        detail: String,
    },
    /// Nobody answered in time. It is not known whether the question arrived.
    #[error("{subject} does not answer")]
    Unavailable {
        /// Who was asked what.
        subject: String,
    },
    /// The question or the answer cannot be read or sent: the two sides disagree about the contract.
    #[error("{subject} cannot be spoken with: {reason}")]
    Malformed {
        /// Who was asked what.
        subject: String,
        /// What went wrong.
        reason: String,
    },
}

impl From<RpcError> for Problem {
    /// A refusal of the caller's doing is passed on; the others' faults are ours.
    fn from(error: RpcError) -> Self {
        match error {
            RpcError::Refused { code, slug, detail } if (400..500).contains(&code) => {
                Self::new(status(code), slug, detail)
            }
            RpcError::Unavailable { ref subject } => {
                tracing::warn!(subject, "a service does not answer");
                Self::unavailable(
                    "unavailable",
                    "Something this needs does not answer at the moment.",
                )
            }
            RpcError::Refused { code: 503, .. } => Self::unavailable(
                "unavailable",
                "Something this needs does not answer at the moment.",
            ),
            error => Self::internal(error),
        }
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A refusal, as a handler of questions returns it. Made from a [`Problem`], a [`sqlx::Error`], or
/// anything that becomes a problem.
#[derive(Debug, Clone)]
pub struct RpcRefusal {
    code: u16,
    slug: Cow<'static, str>,
    detail: String,
}

impl RpcRefusal {
    /// A refusal with an HTTP status, a slug and an explanation.
    pub fn new(code: u16, slug: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { code, slug: slug.into(), detail: detail.into() }
    }
}

impl<E: Into<Problem>> From<E> for RpcRefusal {
    fn from(error: E) -> Self {
        let problem = error.into();
        Self::new(problem.status().as_u16(), problem.slug().to_owned(), problem.detail())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_reads_back_with_the_next_step_of_the_trace() {
        let environment = Environment::system();
        let context =
            CallContext { actor: Some(Actor::Anonymous), ..CallContext::new(&environment) };
        let headers = context.to_headers(&environment);
        let read = CallContext::from_headers(Some(&headers), &environment);
        assert_eq!(read.correlation, context.correlation);
        assert_eq!(read.actor, context.actor);
        let (sent, read) = (context.traceparent.unwrap(), read.traceparent.unwrap());
        assert_eq!(read.trace_id(), sent.trace_id());
        assert_ne!(read, sent);
    }

    #[test]
    fn refusals_of_the_callers_doing_are_passed_on_and_others_hidden() {
        let refused = |code| RpcError::Refused { code, slug: "no".into(), detail: "inside".into() };
        assert_eq!(Problem::from(refused(404)).status(), StatusCode::NOT_FOUND);
        let hidden = Problem::from(refused(500));
        assert_eq!(hidden.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!hidden.detail().contains("inside"));
        let subject = "mandate.rpc.directory.authenticate".to_owned();
        let unavailable = Problem::from(RpcError::Unavailable { subject });
        assert_eq!(unavailable.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
