//! One caller's attempt at one thing: authenticate, find, permit, replay, decide, commit.
//!
//! Every change of every service takes this way, and the types hold its order:
//!
//! 1. **Authenticate.** [`Attempt`] is an extractor: without a known caller there is none.
//! 2. **Find** the thing: `Ok(None)` becomes [`Problem::no_such`].
//! 3. **Permit.** A policy, which is a pure function, answers with an authority or [`Denied`];
//!    [`Attempt::permit`] makes a [`Permit`] of the one, and of the other the answer and its event.
//! 4. **Replay.** [`Permit::replay`] answers a repeated request as before. Whoever lost the role since
//!    gets no permit, and hence not yesterday's answer either.
//! 5. **Decide**: a pure function from state and command to the next state and the fact, or a refusal.
//! 6. **Commit.** [`Permit::begin`] begins the unit of work, in the caller's name and with what allowed it.
//!
//! Three ways lead past the policies, and are visible where they are taken: [`Permit::by_credentials`], for
//! who proves who they are with the request itself; [`Permit::by_question`], for who proved it to another service; and
//! [`RequestFacts::refusal`], for the event of a request that nothing allowed.
//!
//! ```text
//! let app = store::find(&registry.resources.pool, id).await?.ok_or_else(Problem::no_such::<AppId>)?;
//! let role = attempt.role_in(app.organization_id).await?;
//! let decision = policy::authorize(attempt.caller.operator, role, Operation::Suspend);
//! let permit = attempt.permit("app.suspend", Target::of(id, app.organization_id), decision).await?;
//! let mut unit = permit.begin();
//! let app = store::lock(unit.connection().await?, id).await?.ok_or_else(Problem::no_such::<AppId>)?;
//! let (app, fact) = app.suspend(registry.resources.env.now())?;
//! store::save(unit.connection().await?, &app).await?;
//! unit.record(app.id.uuid(), app.version, &fact)?;
//! unit.commit().await?;
//! ```

mod roles;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use contract::facts::{AccessRefused, RefusedBecause};
use contract::rpc::{KnownMemberships, MemberRole, Membership};
use contract::{Actor, Authority, Id, OrganizationId, PersonId, Provenance};
use eventstore::{EventStore, Unit};
use uuid::Uuid;

use crate::authentication::{Caller, RequestAuthenticator, unavailable};
use crate::http::{Idempotency, Remembered};
use crate::problem::Problem;
use crate::refusals::{Refusal, Refusals};
use crate::request::RequestFacts;
use crate::resources::{Resources, ServiceState};
use crate::rpc::CallContext;

/// Who attempts something, with which request. An extractor; nobody unknown gets past it (401), and nobody who
/// changes more than they may in a minute (429).
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Who.
    pub caller: Caller,
    /// With which request.
    pub facts: RequestFacts,
    events: EventStore,
    refusals: Refusals,
    authenticator: RequestAuthenticator,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// They must not learn that there is such a thing: the same answer as if there were none (404).
    Hidden,
    /// They know of it, and their role does not suffice (403). This is recorded.
    Role,
}

/// What an attempt is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    aggregate: &'static str,
    noun: &'static str,
    id: Uuid,
    organization: Option<OrganizationId>,
}

impl Target {
    /// This thing of an organization; none for what belongs to none.
    pub fn of<I: Id>(id: I, organization: impl Into<Option<OrganizationId>>) -> Self {
        Self {
            aggregate: I::AGGREGATE,
            noun: I::NOUN,
            id: id.uuid(),
            organization: organization.into(),
        }
    }

    /// The organization itself.
    pub fn organization(id: OrganizationId) -> Self {
        Self::of(id, id)
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.aggregate, self.id)
    }
}

/// A caller may do something: from here alone a change in their name can begin, or an answer be
/// repeated.
#[derive(Debug, Clone)]
#[must_use = "begin the change with it; what only reads names it `_permit`"]
pub struct Permit {
    provenance: Provenance,
    events: EventStore,
}

impl<S: ServiceState> FromRequestParts<S> for Attempt {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let resources = state.resources();
        let caller = Caller::from_request_parts(parts, state).await?;
        resources
            .limits
            .change(&parts.method, caller.person_id)
            .map_err(|limited| limited.problem("You change more than you may in a minute."))?;
        Ok(Self {
            caller,
            facts: RequestFacts::from_request_parts(parts, state).await?,
            events: resources.events.clone(),
            refusals: resources.refusals.clone(),
            authenticator: RequestAuthenticator::of(parts)?,
        })
    }
}

impl Attempt {
    /// The caller's role in the organization that the attempt is about, if they are a member. What policies
    /// decide on.
    ///
    /// # Errors
    /// 503 when it cannot be found out, which can happen only for members of very many organizations: the
    /// memberships of all others came with the answer to who they are.
    pub async fn role_in(
        &self,
        organization: OrganizationId,
    ) -> Result<Option<MemberRole>, Problem> {
        let memberships = self.memberships_in(&[organization]).await?;
        Ok(memberships.first().map(|membership| membership.role))
    }

    /// The caller's memberships in those of these organizations of which they are a member.
    ///
    /// # Errors
    /// As of [`Attempt::role_in`].
    pub async fn memberships_in(
        &self,
        organizations: &[OrganizationId],
    ) -> Result<Vec<Membership>, Problem> {
        let known = self.caller.memberships.iter().copied();
        let mut memberships: Vec<Membership> =
            known.filter(|known| organizations.contains(&known.organization_id)).collect();
        if self.caller.more_memberships {
            let found: Vec<_> = memberships.iter().map(|found| found.organization_id).collect();
            let mut others = organizations.to_vec();
            others.retain(|organization| !found.contains(organization));
            if !others.is_empty() {
                memberships.extend(self.ask(&others).await?.memberships);
            }
        }
        Ok(memberships)
    }

    async fn ask(&self, organizations: &[OrganizationId]) -> Result<KnownMemberships, Problem> {
        let context = CallContext::from(&self.facts);
        let asked = self.authenticator.0.memberships_in(&self.caller, organizations, &context);
        asked.await.map_err(|error| unavailable(&error))
    }

    /// Whether the caller is a member of the organization, which requires another credential than theirs.
    async fn must_sign_in(&self, organization: OrganizationId) -> Result<bool, Problem> {
        let caller = &self.caller;
        if caller.sign_in_required.contains(&organization) {
            return Ok(true);
        }
        let is_known = caller.memberships.iter().any(|known| known.organization_id == organization);
        if is_known || !caller.more_memberships {
            return Ok(false);
        }
        Ok(self.ask(&[organization]).await?.sign_in_required.contains(&organization))
    }

    /// All organizations of which the caller is a member; none if there are too many to name.
    pub fn organizations(&self) -> Option<Vec<OrganizationId>> {
        let known = &self.caller.memberships;
        (!self.caller.more_memberships)
            .then(|| known.iter().map(|membership| membership.organization_id).collect())
    }

    /// The permit of an allowed attempt.
    ///
    /// # Errors
    /// What a denied one is answered: [`Problem::no_such`], or 403 `role-not-allowed`, which is recorded
    /// as `access.refused`. `operation` is what was attempted, such as `app.activate`.
    pub async fn permit(
        &self,
        operation: &'static str,
        target: Target,
        decision: Result<Authority, Denied>,
    ) -> Result<Permit, Problem> {
        match decision {
            Ok(authority) => Ok(self.permitted(authority, target.organization)),
            Err(denied) => Err(self.denied(operation, target, denied).await),
        }
    }

    /// What a denied attempt is answered. A refusal of a role is recorded, and one of a member whose credential
    /// does not act for the organization.
    async fn denied(&self, operation: &'static str, target: Target, denied: Denied) -> Problem {
        if let Some(organization) = target.organization {
            match self.must_sign_in(organization).await {
                Err(problem) => return problem,
                Ok(true) => {
                    self.refuse(operation, target, RefusedBecause::SignInRequired).await;
                    let detail = format!(
                        "Organization {organization} requires its members to sign in at its identity provider: \
                         begin by POST /v1/sign-ins."
                    );
                    return Problem::forbidden("single-sign-on-required", detail);
                }
                Ok(false) => {}
            }
        }
        match denied {
            Denied::Hidden => Problem::missing(target.noun),
            Denied::Role => {
                self.refuse(operation, target, RefusedBecause::RoleNotAllowed).await;
                Problem::forbidden("role-not-allowed", "Your role does not allow this.")
            }
        }
    }

    /// The permit for what only operators do, where there is nothing to hide.
    ///
    /// # Errors
    /// 403 for all others, recorded as aimed at the caller: there is no thing yet.
    pub async fn permit_operator(&self, operation: &'static str) -> Result<Permit, Problem> {
        let decision =
            if self.caller.operator { Ok(Authority::OPERATOR) } else { Err(Denied::Role) };
        self.permit(operation, Target::of::<PersonId>(self.caller.person_id, None), decision).await
    }

    /// The permits for a change of many things at once: those that may be changed, each with its permit,
    /// and those that may not.
    ///
    /// # Errors
    /// When none may be: as [`Attempt::permit`] answers the first of which the caller knows, for which their
    /// role does not suffice; if they may know of none, as it answers the first.
    pub async fn permit_each<T>(
        &self,
        operation: &'static str,
        things: Vec<(T, Target, Result<Authority, Denied>)>,
    ) -> Result<(Vec<(T, Permit)>, Vec<T>), Problem> {
        let (mut permitted, mut left, mut denials) = (Vec::new(), Vec::new(), Vec::new());
        for (thing, target, decision) in things {
            match decision {
                Ok(authority) => {
                    permitted.push((thing, self.permitted(authority, target.organization)));
                }
                Err(reason) => {
                    left.push(thing);
                    denials.push((target, reason));
                }
            }
        }
        let of_a_role = denials.iter().find(|(_, reason)| *reason == Denied::Role);
        match of_a_role.or(denials.first()) {
            Some(&(target, reason)) if permitted.is_empty() => {
                Err(self.denied(operation, target, reason).await)
            }
            _ => Ok((permitted, left)),
        }
    }

    /// Records a refused attempt that matters to security, as `access.refused`, or counts it
    /// ([`crate::refusals`]). It is refused whether or not this can be recorded: a failure is logged.
    pub async fn refuse(&self, operation: &'static str, target: Target, reason: RefusedBecause) {
        let (counted, counted_since) = (None, None);
        let refused = AccessRefused {
            operation: operation.to_owned(),
            target: target.to_string(),
            reason,
            counted,
            counted_since,
        };
        let refusal = Refusal {
            facts: self.facts.clone(),
            actor: self.caller.actor(),
            organization: target.organization,
            claimed_name: None,
            fact: refused.into(),
        };
        if let Err(error) = self.refusals.record(refusal).await {
            tracing::error!(%error, operation, %reason, "a refused attempt is not recorded yet");
        }
    }

    fn permitted(&self, authority: Authority, organization: Option<OrganizationId>) -> Permit {
        let provenance = self.facts.provenance(self.caller.actor(), authority, organization);
        Permit { provenance, events: self.events.clone() }
    }
}

impl Permit {
    /// For those who prove who they are otherwise than by an API token: the holder of a client secret, or
    /// of a password. `authority` is what they proved.
    pub fn by_credentials(
        resources: &Resources,
        facts: &RequestFacts,
        actor: Actor,
        authority: Authority,
        organization: Option<OrganizationId>,
    ) -> Self {
        let provenance = facts.provenance(actor, authority, organization);
        Self { provenance, events: resources.events.clone() }
    }

    /// For those who proved to another service what allows it, which asks for it in their name. From where they came
    /// is known there.
    #[expect(clippy::disallowed_methods, reason = "this is what permits are made of")]
    pub fn by_question(
        resources: &Resources,
        context: &CallContext,
        actor: Actor,
        authority: Authority,
        organization: Option<OrganizationId>,
    ) -> Self {
        let mut provenance =
            Provenance::permitted(actor, authority, organization, context.correlation);
        provenance.traceparent = context.traceparent;
        Self { provenance, events: resources.events.clone() }
    }

    /// The answer that this request was given before.
    ///
    /// # Errors
    /// 422 `idempotency-key-reused` if another request had the key.
    pub async fn replay(&self, idempotency: &Idempotency) -> Result<Option<Response>, Problem> {
        Ok(self.remembered(idempotency).await?.map(IntoResponse::into_response))
    }

    /// The same, for answers that have other forms than JSON.
    ///
    /// # Errors
    /// As for [`Permit::replay`].
    pub async fn remembered(
        &self,
        idempotency: &Idempotency,
    ) -> Result<Option<Remembered>, Problem> {
        idempotency.remembered(self.events.pool()).await
    }

    /// Begins the unit of work: state and events that become true together.
    pub fn begin(&self) -> Unit<'static> {
        self.events.begin(&self.provenance)
    }

    /// Who may, and why: for events that are prepared to be committed with others.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The same, for what keeps it.
    pub fn into_provenance(self) -> Provenance {
        self.provenance
    }

    /// The same permit, for a change that follows from this event.
    pub fn caused_by(mut self, event: Option<contract::EventId>) -> Self {
        self.provenance.causation = event;
        self
    }
}
