//! What happens to invitations: to become a member of an organization, or to hold a role on an account. To
//! which address one goes is told nowhere.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts;
use crate::ids::{AccountId, InvitationId, OrganizationId, PersonId};
use crate::rpc::{AccountRole, MemberRole};

facts! {
    InvitationCreated = "invitation"."created";
    InvitationSentAgain = "invitation"."sent-again";
    InvitationAccepted = "invitation"."accepted";
    InvitationRevoked = "invitation"."revoked";
    InvitationExpired = "invitation"."expired";
}

/// What whoever accepts an invitation gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Invited {
    /// They become a member of an organization.
    Organization {
        /// The organization.
        organization_id: OrganizationId,
        /// Their role.
        role: MemberRole,
    },
    /// They get a role on an account.
    Account {
        /// The account.
        account_id: AccountId,
        /// Their role.
        role: AccountRole,
    },
}

/// Somebody was invited, by mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationCreated {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// To what.
    #[serde(flatten)]
    pub invited: Invited,
    /// From when it cannot be accepted any more, unless it is sent again.
    pub expires_at: DateTime<Utc>,
}

/// The mail of an invitation was sent once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationSentAgain {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// To what.
    #[serde(flatten)]
    pub invited: Invited,
    /// From when it cannot be accepted any more, unless it is sent again.
    pub expires_at: DateTime<Utc>,
}

/// Somebody who has the token of its mail accepted an invitation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationAccepted {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// Who: whoever they are, the token proves that they read the mail.
    pub person_id: PersonId,
    /// To what.
    #[serde(flatten)]
    pub invited: Invited,
}

/// An invitation was ended before anybody accepted it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationRevoked {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// To what.
    #[serde(flatten)]
    pub invited: Invited,
}

/// Nobody accepted an invitation in time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InvitationExpired {
    /// The invitation.
    pub invitation_id: InvitationId,
    /// To what.
    #[serde(flatten)]
    pub invited: Invited,
}
