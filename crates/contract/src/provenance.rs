//! Where an event comes from: who, why they were allowed, on whose behalf, what it followed from.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::commitment::Context;
use crate::ids::{CorrelationId, EventId, OrganizationId, Service};
use crate::trace::TraceParent;

/// Why the actor was allowed: the role or proof that decided, for example `owner`, `operator`,
/// `account:admin`, `client_secret`, `system`. Never free text from a caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Authority(Cow<'static, str>);

impl Authority {
    /// A platform operator.
    pub const OPERATOR: Self = Self(Cow::Borrowed("operator"));
    /// A service of ours by itself.
    pub const SYSTEM: Self = Self(Cow::Borrowed("system"));
    /// The person acts on what is their own.
    pub const SELF: Self = Self(Cow::Borrowed("self"));
    /// The holder of a client secret.
    pub const CLIENT_SECRET: Self = Self(Cow::Borrowed("client_secret"));
    /// Nothing allowed it: the attempt was refused.
    pub const NONE: Self = Self(Cow::Borrowed("none"));

    /// A member role, such as `owner`.
    pub const fn role(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A role on an account, such as `account:admin`.
    pub fn account_role(name: &str) -> Self {
        Self(Cow::Owned(format!("account:{name}")))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything about an event but what happened.
///
/// Made by [`Provenance::system`] and [`Envelope::reaction`](crate::Envelope::reaction) for services that act
/// by themselves, and by [`Provenance::permitted`] for callers. Only the crate `service` calls that one, for
/// its permits and for the events of refusals: a lint refuses it elsewhere. Who acted and why they were
/// allowed cannot be changed afterwards.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Provenance {
    pub(crate) actor: Actor,
    pub(crate) authority: Authority,
    /// On whose behalf; none for what belongs to no organization (people, accounts, operators).
    pub organization: Option<OrganizationId>,
    /// Shared by all that follows from one request.
    pub correlation: CorrelationId,
    /// The event that this one follows from, when a service reacts to one.
    pub causation: Option<EventId>,
    /// The trace of the request.
    pub traceparent: Option<TraceParent>,
    /// Where from, from which address: personal, kept beside the event and never in it.
    pub context: Option<Context>,
}

impl Provenance {
    /// A service acting by itself, such as on an expiry.
    pub fn system(
        service: Service,
        organization: Option<OrganizationId>,
        correlation: CorrelationId,
    ) -> Self {
        Self {
            actor: Actor::System(service),
            authority: Authority::SYSTEM,
            organization,
            correlation,
            causation: None,
            traceparent: None,
            context: None,
        }
    }

    /// Somebody who may, or who was refused ([`Authority::NONE`]).
    pub fn permitted(
        actor: Actor,
        authority: Authority,
        organization: Option<OrganizationId>,
        correlation: CorrelationId,
    ) -> Self {
        Self {
            actor,
            authority,
            organization,
            correlation,
            causation: None,
            traceparent: None,
            context: None,
        }
    }

    /// Who.
    pub fn actor(&self) -> Actor {
        self.actor
    }

    /// The same, made under this name by somebody who did not prove to be whose it is. What they typed is
    /// personal: it is kept with the context.
    #[must_use]
    pub fn claiming(mut self, name: String) -> Self {
        self.context.get_or_insert_default().claimed_name = Some(name);
        self
    }

    /// The same, on behalf of this organization.
    #[must_use]
    pub fn for_organization(mut self, organization: OrganizationId) -> Self {
        self.organization = Some(organization);
        self
    }
}
