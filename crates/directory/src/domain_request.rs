//! Requests for domains on request (rule 9): an organization asks with a reason, an operator answers.

use chrono::{DateTime, Utc};
use contract::catalogue::ServiceDomain;
use contract::facts::{DomainRequestCreated, DomainRequestDeclined, DomainRequestGranted};
use contract::{DomainRequestId, OrganizationId, PersonId, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most characters of a reason.
pub(crate) const REASON_CHARS: usize = 1_000;

/// A request as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DomainRequest {
    /// Its id.
    pub(crate) id: DomainRequestId,
    /// Who asks.
    pub(crate) organization_id: OrganizationId,
    /// For what.
    pub(crate) domain: ServiceDomain,
    /// What they need it for, as they typed it.
    pub(crate) reason: String,
    /// Who asked for the organization.
    pub(crate) requested_by: PersonId,
    /// When.
    pub(crate) created_at: DateTime<Utc>,
    /// The answer, if there is one.
    pub(crate) answer: Option<Answer>,
    /// The version of its last event.
    pub(crate) version: Version,
}

/// An operator's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Whether the domain was enabled.
    pub(crate) granted: bool,
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// By whom.
    pub(crate) by: PersonId,
    /// Why, as they typed it.
    pub(crate) reason: Option<String>,
}

/// The states by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DomainRequestState)]
pub(crate) enum StateName {
    /// Nobody has answered it.
    #[default]
    Open,
    /// The domain was enabled.
    Granted,
    /// The domain was not enabled.
    Declined,
}

impl StateName {
    /// Its name on the wire and in Postgres.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Declined => "declined",
        }
    }
}

/// A request is answered once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request was answered before")]
pub(crate) struct AnsweredBefore;

impl DomainRequest {
    /// Asks for a domain.
    pub(crate) fn create(
        id: DomainRequestId,
        organization_id: OrganizationId,
        domain: ServiceDomain,
        reason: String,
        requested_by: PersonId,
        now: DateTime<Utc>,
    ) -> (Self, DomainRequestCreated) {
        let fact =
            DomainRequestCreated { domain_request_id: id, organization_id, domain: domain.clone() };
        let (created_at, answer, version) = (now, None, Version::FIRST);
        let request =
            Self { id, organization_id, domain, reason, requested_by, created_at, answer, version };
        (request, fact)
    }

    /// Grants it. The domain is to be enabled with it.
    pub(crate) fn grant(
        &self,
        by: PersonId,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(Self, DomainRequestGranted), AnsweredBefore> {
        let next = self.answered(Answer { granted: true, at: now, by, reason })?;
        let fact = DomainRequestGranted {
            domain_request_id: self.id,
            organization_id: self.organization_id,
            domain: self.domain.clone(),
        };
        Ok((next, fact))
    }

    /// Declines it.
    pub(crate) fn decline(
        &self,
        by: PersonId,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(Self, DomainRequestDeclined), AnsweredBefore> {
        let next = self.answered(Answer { granted: false, at: now, by, reason })?;
        let fact = DomainRequestDeclined {
            domain_request_id: self.id,
            organization_id: self.organization_id,
            domain: self.domain.clone(),
        };
        Ok((next, fact))
    }

    /// The state by name.
    pub(crate) fn state_name(&self) -> StateName {
        match &self.answer {
            None => StateName::Open,
            Some(answer) if answer.granted => StateName::Granted,
            Some(_) => StateName::Declined,
        }
    }

    fn answered(&self, answer: Answer) -> Result<Self, AnsweredBefore> {
        if self.answer.is_some() {
            return Err(AnsweredBefore);
        }
        Ok(Self { answer: Some(answer), version: self.version.next(), ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_request_is_answered_once() {
        let somebody = PersonId::from_uuid(Uuid::from_u128(3));
        let now = DateTime::UNIX_EPOCH;
        let (request, fact) = DomainRequest::create(
            DomainRequestId::from_uuid(Uuid::from_u128(1)),
            OrganizationId::from_uuid(Uuid::from_u128(2)),
            "retail_media/billing:read".parse().unwrap(),
            "invoices".into(),
            somebody,
            now,
        );
        assert_eq!((&fact.domain, request.state_name()), (&request.domain, StateName::Open));
        let (granted, _) = request.grant(somebody, None, now).unwrap();
        assert_eq!((granted.state_name(), granted.version.number()), (StateName::Granted, 2));
        let (declined, _) = request.decline(somebody, Some("no".into()), now).unwrap();
        assert_eq!((declined.state_name(), declined.version.number()), (StateName::Declined, 2));
        for answered in [granted, declined] {
            assert_eq!(answered.grant(somebody, None, now), Err(AnsweredBefore));
            assert_eq!(answered.decline(somebody, None, now), Err(AnsweredBefore));
        }
    }
}
