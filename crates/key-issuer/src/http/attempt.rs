//! A person's attempt at the keys of an app: who may, and what a refusal answers and leaves.

use contract::rpc::{AppView, GetApp};
use contract::{AppId, Authority, ClientId, KeyId, OrganizationId, Provenance};
use eventstore::Unit;
use service::{Caller, Problem, RequestFacts};

use crate::KeyIssuer;
use crate::key::{CreationRefusal, Key, KeyName, KeyRefusal};
use crate::policy::{self, Operation, Refusal};
use crate::store::keys;

/// Who attempts, and with which request.
pub(super) struct Attempt<'a> {
    pub(super) issuer: &'a KeyIssuer,
    pub(super) caller: &'a Caller,
    pub(super) facts: &'a RequestFacts,
}

impl Attempt<'_> {
    /// Why the caller may do this in the organization.
    ///
    /// # Errors
    /// `unknown` for those who must not learn that the thing exists; 403, recorded, for members in
    /// another role.
    pub(super) async fn authorize(
        &self,
        operation: Operation,
        organization: OrganizationId,
        target: String,
        unknown: fn() -> Problem,
    ) -> Result<Authority, Problem> {
        let role = self.caller.role_in(organization);
        match policy::decide(operation, role, self.caller.operator) {
            Ok(authority) => Ok(authority),
            Err(Refusal::NotAMember) => Err(unknown()),
            Err(refusal @ Refusal::RoleNotAllowed) => {
                let actor = self.caller.actor();
                self.issuer
                    .resources
                    .refuse_access(
                        self.facts,
                        actor,
                        Some(organization),
                        operation.name(),
                        target,
                        "role_not_allowed",
                    )
                    .await;
                Err(Problem::forbidden("role-not-allowed", refusal.to_string()))
            }
        }
    }

    /// The app, as the app registry knows it now.
    pub(super) async fn app(&self, id: AppId) -> Result<AppView, Problem> {
        let answer = self.issuer.resources.rpc.call(self.facts, &GetApp { app_id: id }).await?;
        answer.ok_or_else(no_such_app)
    }

    /// Begins a change of a key, with its row held.
    pub(super) async fn begin_change(
        &self,
        operation: Operation,
        client_id: &str,
    ) -> Result<Change, Problem> {
        let id = client_id.parse::<ClientId>().map_err(|_| no_such_key())?.key_id();
        let organization =
            keys::organization(&self.issuer.resources.pool, id).await?.ok_or_else(no_such_key)?;
        let target = key_target(id);
        let authority = self.authorize(operation, organization, target, no_such_key).await?;
        let mut unit =
            self.issuer.resources.events.begin(&self.provenance(authority, organization));
        let key = keys::lock(unit.connection().await?, id).await?.ok_or_else(no_such_key)?;
        Ok(Change { unit, key })
    }

    pub(super) fn provenance(
        &self,
        authority: Authority,
        organization: OrganizationId,
    ) -> Provenance {
        self.facts.provenance(self.caller.actor(), authority, Some(organization))
    }
}

/// A change that began: the key as it is, held until the unit ends.
pub(super) struct Change {
    pub(super) unit: Unit<'static>,
    pub(super) key: Key,
}

pub(super) fn app_target(id: AppId) -> String {
    format!("app/{id}")
}

fn key_target(id: KeyId) -> String {
    format!("key/{id}")
}

pub(super) fn no_such_app() -> Problem {
    Problem::not_found("app-not-found", "There is no such app.")
}

pub(super) fn no_such_key() -> Problem {
    Problem::not_found("key-not-found", "There is no such key.")
}

/// Reads a name from a request.
pub(super) fn key_name(text: &str) -> Result<KeyName, Problem> {
    KeyName::parse(text).map_err(|error| Problem::invalid_field("name", error.to_string()))
}

impl From<KeyRefusal> for Problem {
    fn from(refusal: KeyRefusal) -> Self {
        let slug = match refusal {
            KeyRefusal::Deleted { .. } => "key-deleted",
            KeyRefusal::Expired { .. } => "key-expired",
        };
        Self::conflict(slug, refusal.to_string())
    }
}

impl From<CreationRefusal> for Problem {
    fn from(refusal: CreationRefusal) -> Self {
        match refusal {
            CreationRefusal::TooMany { .. } => Self::conflict("too-many-keys", refusal.to_string()),
            CreationRefusal::ExpiryInThePast => {
                Self::invalid_field("expires_at", "must be in the future")
            }
        }
    }
}
