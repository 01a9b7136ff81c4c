//! What comes of attempts to sign in.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CountedRefusals, facts};
use crate::ids::{IdentityProviderId, PersonId, SignInId};

facts! {
    SignInAccepted = record "sign-in"."accepted";
    SignInRefused = record "sign-in"."refused";
}

/// Someone proved to be this person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SignInAccepted {
    /// The attempt.
    pub sign_in_id: SignInId,
    /// The person.
    pub person_id: PersonId,
    /// How.
    pub method: SignInMethod,
    /// At which provider, if at one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_provider_id: Option<IdentityProviderId>,
}

/// How somebody proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// By email and password.
    Password,
    /// At their organization's provider of identities.
    OpenidConnect,
}

/// Someone failed to prove who they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SignInRefused {
    /// The attempt.
    pub sign_in_id: SignInId,
    /// The person they claimed to be, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<PersonId>,
    /// The true reason, which the caller is not told.
    pub reason: SignInRefusal,
    /// At which provider, if at one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_provider_id: Option<IdentityProviderId>,
    /// What it stands for, if for more than one refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<CountedRefusals>,
    /// Since when the process that recorded this has counted: refusals before may have been counted by one
    /// that was killed, and be told by no event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_since: Option<DateTime<Utc>>,
}

/// Why a sign-in was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInRefusal {
    /// Nobody has this email.
    UnknownPerson,
    /// The person has another password, or none, or is deactivated.
    WrongPassword,
    /// There were too many attempts before: the password was not looked at.
    TooManyAttempts,
    /// No sign-in of this id is under way.
    UnknownSignIn,
    /// The sign-in was begun too long ago.
    SignInExpired,
    /// The sign-in was completed before, or failed.
    SignInAlreadyUsed,
    /// The state that came back is not the one that was sent.
    WrongState,
    /// Whoever completed the sign-in is not who began it.
    WrongBinding,
    /// The provider is set up no more, or none of its domains is confirmed.
    ProviderNotInEffect,
    /// The provider did not answer, or not as it must.
    ProviderUnavailable,
    /// The provider did not take the code: it was used before, or is none.
    CodeRefused,
    /// The answer came from another provider.
    WrongIssuer,
    /// The ID token is not signed by the provider, not for us, or not of this time.
    InvalidIdToken,
    /// The ID token is of another sign-in.
    WrongNonce,
    /// The provider names no email.
    NoEmail,
    /// The email is of a domain that is not the provider's.
    EmailOutsideDomains,
    /// The provider does not say that it verified the email, and does not vouch for the domain.
    EmailNotVerified,
    /// The person is deactivated.
    PersonDeactivated,
    /// Operators do not sign in at an organization's provider.
    PersonIsOperator,
}
