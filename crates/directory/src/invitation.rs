//! Invitations (rule 3): somebody is asked by mail to become a member of an organization, or to hold a role on an
//! account. Nobody becomes either without accepting, unless an operator does it.
//!
//! What counts is the invitation, not who sent it: it was the organization that invited, so that it stands when
//! its sender leaves or loses their role. Whoever may invite can revoke it.

use chrono::{DateTime, Duration, Utc};
use contract::facts::{
    InvitationAccepted, InvitationCreated, InvitationExpired, InvitationRevoked,
    InvitationSentAgain, Invited,
};
use contract::{AccountId, InvitationId, OrganizationId, PersonId, Version};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::fields::Email;
use crate::language::Language;

/// An invitation as it is stored. Its tokens are no part of it: only their hashes are kept, beside its mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invitation {
    /// Its id.
    pub(crate) id: InvitationId,
    /// To what.
    pub(crate) invited: Invited,
    /// Whom; forgotten some time after its end.
    pub(crate) email: Option<Email>,
    /// In which language they are written to.
    pub(crate) language: Language,
    /// Who invited them.
    pub(crate) invited_by: PersonId,
    /// When.
    pub(crate) created_at: DateTime<Utc>,
    /// When it was sent last.
    pub(crate) sent_at: DateTime<Utc>,
    /// How often it was sent.
    pub(crate) sendings: u32,
    /// From when it cannot be accepted any more.
    pub(crate) expires_at: DateTime<Utc>,
    /// What has become of it.
    pub(crate) state: State,
    /// The version of its last event.
    pub(crate) version: Version,
}

/// What has become of an invitation. All but the first are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It can be accepted, until its time runs out.
    Pending,
    /// It was accepted.
    Accepted {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: PersonId,
    },
    /// It was ended before anybody accepted it.
    Revoked {
        /// When.
        at: DateTime<Utc>,
        /// By whom.
        by: PersonId,
    },
    /// Its time ran out.
    Expired {
        /// When that was recorded.
        recorded_at: DateTime<Utc>,
    },
}

/// The states by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = InvitationState)]
pub(crate) enum StateName {
    /// It can be accepted.
    Pending,
    /// It was accepted.
    Accepted,
    /// It was ended before anybody accepted it.
    Revoked,
    /// Its time ran out.
    Expired,
}

impl StateName {
    /// Its name on the wire and in Postgres.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// Why an invitation is no more to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Ended {
    /// It is accepted once.
    #[error("The invitation was accepted at {}.", rfc3339(*at))]
    Accepted {
        /// When.
        at: DateTime<Utc>,
    },
    /// It was revoked.
    #[error("The invitation was revoked at {}.", rfc3339(*at))]
    Revoked {
        /// When.
        at: DateTime<Utc>,
    },
    /// Its time ran out.
    #[error("The invitation expired at {}.", rfc3339(*at))]
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
}

/// Why an invitation is not sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSentAgain {
    /// It has ended.
    Ended(Ended),
    /// It was sent as often as it may be.
    TooOften,
}

/// Who is invited to what.
#[derive(Debug, Clone)]
pub(crate) struct NewInvitation {
    /// To what.
    pub(crate) invited: Invited,
    /// Whom.
    pub(crate) email: Email,
    /// In which language they are written to.
    pub(crate) language: Language,
    /// Who invites them.
    pub(crate) invited_by: PersonId,
}

impl Invitation {
    /// Invites somebody.
    pub(crate) fn create(
        id: InvitationId,
        new: NewInvitation,
        lifetime: Duration,
        now: DateTime<Utc>,
    ) -> (Self, InvitationCreated) {
        let NewInvitation { invited, email, language, invited_by } = new;
        let expires_at = now + lifetime;
        let invitation = Self {
            id,
            invited,
            email: Some(email),
            language,
            invited_by,
            created_at: now,
            sent_at: now,
            sendings: 1,
            expires_at,
            state: State::Pending,
            version: Version::FIRST,
        };
        (invitation, InvitationCreated { invitation_id: id, invited, expires_at })
    }

    /// Sends it once more. Its time begins anew; the links that were sent before stay good, too.
    pub(crate) fn send_again(
        &self,
        most_sendings: u32,
        lifetime: Duration,
        now: DateTime<Utc>,
    ) -> Result<(Self, InvitationSentAgain), NotSentAgain> {
        self.usable(now).map_err(NotSentAgain::Ended)?;
        if self.sendings >= most_sendings {
            return Err(NotSentAgain::TooOften);
        }
        // Another replica's clock may have been ahead.
        let sent_at = now.max(self.sent_at);
        let expires_at = sent_at + lifetime;
        let next =
            Self { sent_at, sendings: self.sendings + 1, expires_at, ..self.next(self.state) };
        let (invitation_id, invited) = (self.id, self.invited);
        Ok((next, InvitationSentAgain { invitation_id, invited, expires_at }))
    }

    /// Accepts it, by somebody who has its token.
    pub(crate) fn accept(
        &self,
        by: PersonId,
        now: DateTime<Utc>,
    ) -> Result<(Self, InvitationAccepted), Ended> {
        self.usable(now)?;
        let (invitation_id, invited) = (self.id, self.invited);
        let fact = InvitationAccepted { invitation_id, person_id: by, invited };
        Ok((self.next(State::Accepted { at: now, by }), fact))
    }

    /// Ends it before anybody accepts it; none when it was revoked before.
    pub(crate) fn revoke(
        &self,
        by: PersonId,
        now: DateTime<Utc>,
    ) -> Result<Option<(Self, InvitationRevoked)>, Ended> {
        match self.usable(now) {
            Ok(()) => {
                let (invitation_id, invited) = (self.id, self.invited);
                let next = self.next(State::Revoked { at: now, by });
                Ok(Some((next, InvitationRevoked { invitation_id, invited })))
            }
            Err(Ended::Revoked { .. }) => Ok(None),
            Err(ended) => Err(ended),
        }
    }

    /// Records that its time has run out; none when it has not, or when it has ended before.
    pub(crate) fn expire(&self, now: DateTime<Utc>) -> Option<(Self, InvitationExpired)> {
        if self.state != State::Pending || now < self.expires_at {
            return None;
        }
        let (invitation_id, invited) = (self.id, self.invited);
        let next = self.next(State::Expired { recorded_at: now });
        Some((next, InvitationExpired { invitation_id, invited }))
    }

    /// Whether it can be accepted now. Its expiry counts by time, recorded or not.
    pub(crate) fn usable(&self, now: DateTime<Utc>) -> Result<(), Ended> {
        match self.state {
            State::Accepted { at, .. } => Err(Ended::Accepted { at }),
            State::Revoked { at, .. } => Err(Ended::Revoked { at }),
            State::Expired { .. } => Err(Ended::Expired { at: self.expires_at }),
            State::Pending if now >= self.expires_at => Err(Ended::Expired { at: self.expires_at }),
            State::Pending => Ok(()),
        }
    }

    /// The state as it is at this time: an expiry shows before the sweeper has recorded it.
    pub(crate) fn state_name(&self, now: DateTime<Utc>) -> StateName {
        match self.usable(now) {
            Ok(()) => StateName::Pending,
            Err(Ended::Accepted { .. }) => StateName::Accepted,
            Err(Ended::Revoked { .. }) => StateName::Revoked,
            Err(Ended::Expired { .. }) => StateName::Expired,
        }
    }

    /// When it was accepted, revoked, or its time ran out.
    pub(crate) fn ended_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.usable(now) {
            Ok(()) => None,
            Err(Ended::Accepted { at } | Ended::Revoked { at } | Ended::Expired { at }) => Some(at),
        }
    }

    /// The organization on whose behalf it is, if it is to one.
    pub(crate) fn organization(&self) -> Option<OrganizationId> {
        match self.invited {
            Invited::Organization { organization_id, .. } => Some(organization_id),
            Invited::Account { .. } => None,
        }
    }

    /// The account that it is to, if it is to one.
    pub(crate) fn account(&self) -> Option<AccountId> {
        match self.invited {
            Invited::Account { account_id, .. } => Some(account_id),
            Invited::Organization { .. } => None,
        }
    }

    fn next(&self, state: State) -> Self {
        Self { state, version: self.version.next(), ..self.clone() }
    }
}

/// A time as people read it in an error: to the second, in UTC.
fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use contract::rpc::MemberRole;
    use uuid::Uuid;

    use super::*;

    const LIFETIME: Duration = Duration::days(7);

    fn at(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + Duration::days(days)
    }

    fn somebody(number: u128) -> PersonId {
        PersonId::from_uuid(Uuid::from_u128(number))
    }

    fn invited() -> Invitation {
        let organization_id = OrganizationId::from_uuid(Uuid::from_u128(1));
        let new = NewInvitation {
            invited: Invited::Organization { organization_id, role: MemberRole::Developer },
            email: Email::parse("email", "new@example.com").unwrap(),
            language: Language::En,
            invited_by: somebody(1),
        };
        let (invitation, fact) =
            Invitation::create(InvitationId::from_uuid(Uuid::from_u128(2)), new, LIFETIME, at(0));
        assert_eq!((fact.invited, fact.expires_at), (invitation.invited, at(7)));
        assert_eq!(invitation.state_name(at(0)), StateName::Pending);
        invitation
    }

    #[test]
    fn an_invitation_is_accepted_once() {
        let (accepted, fact) = invited().accept(somebody(2), at(6)).unwrap();
        assert_eq!((accepted.version.number(), fact.person_id), (2, somebody(2)));
        let ended = Ended::Accepted { at: at(6) };
        assert_eq!(accepted.accept(somebody(3), at(6)), Err(ended));
        assert_eq!(accepted.revoke(somebody(1), at(6)), Err(ended));
        assert_eq!(accepted.send_again(5, LIFETIME, at(6)), Err(NotSentAgain::Ended(ended)));
        assert_eq!(accepted.expire(at(8)), None);
        assert_eq!(accepted.ended_at(at(9)), Some(at(6)));
    }

    #[test]
    fn a_revoked_invitation_is_dead_and_revoked_once() {
        let (revoked, _) = invited().revoke(somebody(1), at(1)).unwrap().unwrap();
        assert_eq!(revoked.revoke(somebody(1), at(2)), Ok(None));
        assert_eq!(revoked.accept(somebody(2), at(1)), Err(Ended::Revoked { at: at(1) }));
        assert_eq!(revoked.expire(at(8)), None);
        assert_eq!(revoked.state_name(at(8)), StateName::Revoked);
    }

    #[test]
    fn an_invitation_expires_by_time_and_that_is_recorded_once() {
        let invitation = invited();
        assert!(invitation.usable(at(7) - Duration::seconds(1)).is_ok());
        let ended = Ended::Expired { at: at(7) };
        assert_eq!(invitation.accept(somebody(2), at(7)), Err(ended));
        assert_eq!(invitation.revoke(somebody(1), at(7)), Err(ended));
        assert_eq!(invitation.state_name(at(7)), StateName::Expired);
        assert_eq!(invitation.expire(at(7) - Duration::seconds(1)), None);
        let (expired, _) = invitation.expire(at(8)).unwrap();
        assert_eq!(expired.expire(at(9)), None);
        assert_eq!((expired.version.number(), expired.ended_at(at(9))), (2, Some(at(7))));
    }

    #[test]
    fn sending_again_lengthens_its_time_and_has_an_end() {
        let (again, fact) = invited().send_again(2, LIFETIME, at(5)).unwrap();
        assert_eq!((again.sendings, again.expires_at, fact.expires_at), (2, at(12), at(12)));
        assert!(again.accept(somebody(2), at(11)).is_ok());
        assert_eq!(again.send_again(2, LIFETIME, at(6)), Err(NotSentAgain::TooOften));
    }
}
