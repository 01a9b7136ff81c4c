//! Callers with API tokens, and an authenticator that knows them.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use axum::Router;
use contract::rpc::{KnownMemberships, MAX_KNOWN_MEMBERSHIPS, MemberRole, Membership};
use contract::secret::{ApiToken, BearerToken};
use contract::{Credential, Environment, OrganizationId, PersonId, TokenScope};
use service::{AuthenticationError, Authenticator, CallContext, Caller};

use crate::Client;

/// Someone with an API token.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// What proves them.
    pub token: ApiToken,
}

/// Everybody who was admitted.
#[derive(Debug, Default)]
pub struct People(Mutex<HashMap<[u8; 32], Caller>>);

/// An organization's members, and those who are none.
#[derive(Debug)]
pub struct Cast {
    /// The organization.
    pub organization: OrganizationId,
    /// Another organization.
    pub other_organization: OrganizationId,
    /// A member.
    pub owner: Person,
    /// A member.
    pub developer: Person,
    /// A member.
    pub auditor: Person,
    /// An operator of the platform, member of no organization.
    pub operator: Person,
    /// An owner of the other organization.
    pub stranger: Person,
}

impl Person {
    /// This person as a caller.
    pub fn at(&self, router: &Router) -> Client {
        Client::anonymous(router).with_token(self.token.reveal())
    }

    /// How the person is named in events.
    pub fn actor(&self) -> String {
        format!("user/{}", self.id)
    }
}

impl People {
    /// Someone new.
    pub fn admit(
        &self,
        env: &Environment,
        operator: bool,
        memberships: &[(OrganizationId, MemberRole)],
    ) -> Person {
        let person = Person { id: env.new_id(), token: ApiToken::generate(env) };
        let caller = Caller {
            person_id: person.id,
            operator,
            memberships: members(memberships),
            sign_in_required: Vec::new(),
            more_memberships: false,
            credential: Credential::ApiToken(env.new_id()),
            identity_provider_id: None,
            scope: None,
        };
        self.0.lock().unwrap().insert(person.token.hash().0, caller);
        person
    }

    /// The same person with a token for auditors of the whole log, of whom the directory says no more than that.
    pub fn admit_auditor(&self, env: &Environment, person: &Person) -> Person {
        let auditor = Person { id: person.id, token: ApiToken::generate(env) };
        let caller = Caller {
            person_id: person.id,
            operator: false,
            memberships: Vec::new(),
            sign_in_required: Vec::new(),
            more_memberships: false,
            credential: Credential::ApiToken(env.new_id()),
            identity_provider_id: None,
            scope: Some(TokenScope::AuditLog),
        };
        self.0.lock().unwrap().insert(auditor.token.hash().0, caller);
        auditor
    }

    /// Gives someone who was admitted these roles, in place of those they had.
    pub fn change_roles(&self, person: &Person, memberships: &[(OrganizationId, MemberRole)]) {
        let mut admitted = self.0.lock().unwrap();
        let caller = admitted.get_mut(&person.token.hash().0).expect("they were admitted");
        caller.memberships = members(memberships);
    }

    /// A new organization with a member in each role, and others.
    pub fn cast(&self, env: &Environment) -> Cast {
        let (organization, other_organization) = (env.new_id(), env.new_id());
        let member = |role| self.admit(env, false, &[(organization, role)]);
        Cast {
            organization,
            other_organization,
            owner: member(MemberRole::Owner),
            developer: member(MemberRole::Developer),
            auditor: member(MemberRole::Auditor),
            operator: self.admit(env, true, &[]),
            stranger: self.admit(env, false, &[(other_organization, MemberRole::Owner)]),
        }
    }
}

fn members(memberships: &[(OrganizationId, MemberRole)]) -> Vec<Membership> {
    let membership = |&(organization_id, role): &_| Membership { organization_id, role };
    memberships.iter().map(membership).collect()
}

#[async_trait]
impl Authenticator for People {
    async fn authenticate(
        &self,
        token: &BearerToken,
        _: &CallContext,
    ) -> Result<Option<Caller>, AuthenticationError> {
        let caller = self.0.lock().unwrap().get(&token.hash().0).cloned();
        // As the directory answers: not all memberships, if there are many.
        Ok(caller.map(|mut caller| {
            caller.more_memberships = caller.memberships.len() > MAX_KNOWN_MEMBERSHIPS;
            caller.memberships.truncate(MAX_KNOWN_MEMBERSHIPS);
            caller
        }))
    }

    async fn memberships_in(
        &self,
        caller: &Caller,
        organizations: &[OrganizationId],
        _: &CallContext,
    ) -> Result<KnownMemberships, AuthenticationError> {
        let admitted = self.0.lock().unwrap();
        let known = admitted.values().find(|known| known.person_id == caller.person_id);
        let mut memberships = known.map_or_else(Vec::new, |known| known.memberships.clone());
        memberships.retain(|membership| organizations.contains(&membership.organization_id));
        Ok(KnownMemberships { memberships, sign_in_required: Vec::new() })
    }
}
