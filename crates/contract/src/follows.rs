//! Durable consumers: what each service follows of the others' events, and under which name.
//!
//! Both sides need it: the service that reads, and whoever makes its consumer where it may not.

use crate::Service;

/// A durable consumer of a service's own on the stream of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Followed {
    /// The consumer's name.
    pub durable: &'static str,
    /// Whose events they are.
    pub producer: Service,
    /// The kind of streams that it follows, of all organizations.
    pub aggregate: &'static str,
}

/// The key issuer's view of apps.
pub const KEY_ISSUER_APPS: Followed =
    Followed { durable: "key-issuer-apps", producer: Service::AppRegistry, aggregate: "app" };

/// The consent broker's view of apps.
pub const CONSENT_BROKER_APPS: Followed =
    Followed { durable: "consent-broker-apps", producer: Service::AppRegistry, aggregate: "app" };

impl Followed {
    /// Its NATS subjects: whole streams, never single event types of one.
    pub fn subjects(&self) -> Vec<String> {
        vec![format!("mandate.events.*.{}.>", self.aggregate)]
    }
}

impl Service {
    /// What this service follows of `EVENTS`.
    pub const fn follows(self) -> &'static [Followed] {
        match self {
            Self::KeyIssuer => &[KEY_ISSUER_APPS],
            Self::ConsentBroker => &[CONSENT_BROKER_APPS],
            Self::Directory | Self::AppRegistry | Self::Audit | Self::Notifier => &[],
        }
    }
}
