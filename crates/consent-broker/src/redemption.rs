//! The use of a link: once, whoever comes first. Everything that follows from it is one transaction.
//!
//! The link's row is locked before anything is decided, so of any number of uses at the same time
//! the first goes on and the others wait, find the link used, and are told when. The guards of the
//! updates and the triggers of the schema would each refuse a second use as well.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use contract::facts::{ConsentGranted, ConsentLinkDenied, ConsentLinkRedeemed};
use contract::ids::{AccountId, GrantId, LinkId, PersonId};
use contract::rpc::AppView;
use contract::{Authority, Version};
use eventstore::AppendError;
use service::{RequestFacts, Resources};

use crate::choice::Approval;
use crate::grant::Grant;
use crate::link::{Closed, Link};
use crate::policy;
use crate::store::{grants, links};

/// What came of an approval.
#[derive(Debug, Clone)]
pub struct Redeemed {
    /// When the link was used.
    pub at: DateTime<Utc>,
    /// The accounts that consent because of it.
    pub granted: Vec<(GrantId, AccountId)>,
    /// The grants that were there already, and stay as they are.
    pub already_granted: Vec<Grant>,
}

/// Why a link was not used.
#[derive(Debug, thiserror::Error)]
pub enum RedemptionError {
    /// It cannot be used.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// A consent that was in the way was revoked at the same moment; trying again helps.
    #[error("the consents of these accounts have just changed")]
    ConsentsChanged,
    /// The database refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The events could not be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// A person at work on a link.
#[derive(Clone, Copy)]
pub struct Redeemer<'a> {
    /// The service.
    pub resources: &'a Resources,
    /// The request.
    pub facts: &'a RequestFacts,
    /// The person.
    pub person_id: PersonId,
}

impl Redeemer<'_> {
    /// Uses the link to approve. `approvals` is sorted by account, and was checked just now.
    pub async fn approve(
        self,
        link: &Link,
        app: &AppView,
        service: &str,
        approvals: &[Approval],
    ) -> Result<Redeemed, RedemptionError> {
        let Self { resources, facts, person_id } = self;
        let organization = Some(link.organization_id);
        let actor = contract::Actor::Person(person_id);
        let provenance = facts.provenance(actor, authority_of_all(approvals), organization);
        let mut unit = resources.events.begin(&provenance);
        let (link, at) = self.lock(unit.connection().await?, link.id).await?;

        let wanted: Vec<_> = approvals
            .iter()
            .map(|approval| (resources.env.new_id(), approval.account_id, approval.role))
            .collect();
        let approved = grants::Approved {
            link_id: link.id,
            app_id: app.id,
            organization_id: link.organization_id,
            service,
            domains: &app.domains,
            by: person_id,
            at,
        };
        let inserted: BTreeSet<GrantId> =
            grants::insert_missing(unit.connection().await?, approved, &wanted)
                .await?
                .into_iter()
                .collect();
        let (granted, present): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|(id, _, _)| inserted.contains(id));
        let present: Vec<AccountId> = present.into_iter().map(|(_, account, _)| account).collect();
        let already_granted = grants::live_on(unit.connection().await?, app.id, &present).await?;
        if already_granted.len() != present.len() {
            return Err(RedemptionError::ConsentsChanged);
        }

        let accounts: Vec<AccountId> = granted.iter().map(|(_, account, _)| *account).collect();
        let version = link.version.next();
        if !links::use_to_grant(
            unit.connection().await?,
            link.id,
            person_id,
            at,
            &accounts,
            &present,
            version,
        )
        .await?
        {
            // Excluded by the lock and the check under it; if ever wrong, nothing is granted.
            return Err(RedemptionError::Closed(Closed::Used { at }));
        }
        unit.record(
            link.id.uuid(),
            version,
            &ConsentLinkRedeemed {
                link_id: link.id,
                app_id: app.id,
                person_id,
                granted_accounts: accounts,
                already_granted_accounts: present,
            },
        )?;
        for (grant_id, account_id, role) in &granted {
            let authority = Authority::account_role(role.as_str());
            let fact = ConsentGranted {
                grant_id: *grant_id,
                app_id: app.id,
                account_id: *account_id,
                link_id: link.id,
                person_id,
                role: role.as_str().to_owned(),
                service: service.to_owned(),
                domains: app.domains.clone(),
            };
            let provenance = facts.provenance(actor, authority, organization);
            unit.record_as(&provenance, grant_id.uuid(), Version::FIRST, &fact)?;
        }
        unit.commit().await?;
        let granted = granted.into_iter().map(|(id, account, _)| (id, account)).collect();
        Ok(Redeemed { at, granted, already_granted })
    }

    /// Uses the link to deny.
    pub async fn deny(self, link: &Link) -> Result<DateTime<Utc>, RedemptionError> {
        let Self { resources, facts, person_id } = self;
        let actor = contract::Actor::Person(person_id);
        let provenance =
            facts.provenance(actor, policy::HOLDER_OF_LINK, Some(link.organization_id));
        let mut unit = resources.events.begin(&provenance);
        let (link, at) = self.lock(unit.connection().await?, link.id).await?;
        let version = link.version.next();
        if !links::use_to_deny(unit.connection().await?, link.id, person_id, at, version).await? {
            return Err(RedemptionError::Closed(Closed::Used { at }));
        }
        let fact = ConsentLinkDenied { link_id: link.id, app_id: link.app_id, person_id };
        unit.record(link.id.uuid(), version, &fact)?;
        unit.commit().await?;
        Ok(at)
    }

    /// Waits for the link, and looks at it and at the clock only then.
    async fn lock(
        self,
        connection: &mut sqlx::PgConnection,
        id: LinkId,
    ) -> Result<(Link, DateTime<Utc>), RedemptionError> {
        // Links are never deleted, so one that was found is found again.
        let link = links::lock(connection, id).await?.ok_or(sqlx::Error::RowNotFound)?;
        let now = self.resources.env.now();
        link.usable(now)?;
        Ok((link, now))
    }
}

/// Why an approval as a whole was allowed: the role on the accounts, or the roles if they differ.
fn authority_of_all(approvals: &[Approval]) -> Authority {
    let roles: BTreeSet<&str> = approvals.iter().map(|approval| approval.role.as_str()).collect();
    Authority::account_role(&roles.into_iter().collect::<Vec<_>>().join("+"))
}

#[cfg(test)]
mod tests {
    use contract::environment::Environment;
    use contract::rpc::AccountRole;

    use super::*;

    #[test]
    fn an_approval_names_each_role_that_allowed_it_once() {
        let approval = |role| Approval { account_id: Environment::system().new_id(), role };
        let admin = approval(AccountRole::Admin);
        assert_eq!(authority_of_all(&[admin, admin]).as_str(), "account:admin");
        let technical = approval(AccountRole::TechnicalManager);
        assert_eq!(
            authority_of_all(&[technical, admin]).as_str(),
            "account:admin+technical_manager"
        );
    }
}
