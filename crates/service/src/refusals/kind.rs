//! What kind of refusal it is: made of what we know, so that strangers cannot make kinds without end.

use contract::facts::{RefusedBecause, SignInRefusal, TokenRefusalReason};
use contract::{Actor, AppId, OrganizationId, PersonId};

use super::{Refusal, RefusedFact};
use crate::settings::Network;

/// Refusals of one kind are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// At the token endpoint.
    Token {
        /// The app whose client id was claimed, if there is one.
        app: Option<AppId>,
        reason: TokenRefusalReason,
        network: Option<Network>,
    },
    /// At sign-in.
    SignIn {
        /// The person whose email was given, if there is one.
        person: Option<PersonId>,
        /// At which organization's provider, if at one.
        organization: Option<OrganizationId>,
        reason: SignInRefusal,
        network: Option<Network>,
    },
    /// Of a caller who is known: from where does not matter, and at what they chose themselves.
    Access { caller: Actor, operation: String, reason: RefusedBecause },
}

impl Kind {
    pub(super) fn of(refusal: &Refusal) -> Self {
        let network = refusal.facts.network();
        match &refusal.fact {
            RefusedFact::Token(fact) => {
                Self::Token { app: fact.app_id, reason: fact.reason, network }
            }
            RefusedFact::SignIn(fact) => {
                let (person, reason) = (fact.person_id, fact.reason);
                Self::SignIn { person, organization: refusal.organization, reason, network }
            }
            RefusedFact::Access(fact) => Self::Access {
                caller: refusal.actor,
                operation: fact.operation.clone(),
                reason: fact.reason,
            },
        }
    }
}
