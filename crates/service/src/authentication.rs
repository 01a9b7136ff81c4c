//! Who calls: API tokens and sessions as bearer tokens (RFC 6750 section 2.1).

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::HeaderValue;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use contract::rpc::{
    AskedIds, Authenticate, AuthenticatedPerson, KnownMemberships, Membership, MembershipsIn,
};
use contract::secret::BearerToken;
use contract::{Actor, Credential, IdentityProviderId, OrganizationId, PersonId, TokenScope};

use crate::problem::Problem;
use crate::request::RequestFacts;
use crate::rpc::{CallContext, RpcClient, RpcError};

/// The person who calls, proved by an API token or a session. As an extractor it answers 401 to all others, and 403
/// to a token that is limited to something else (`caller`).
#[derive(Debug, Clone)]
pub struct Caller {
    /// The person.
    pub person_id: PersonId,
    /// Whether they operate the platform.
    pub operator: bool,
    /// Their memberships: all of them, unless [`Self::more_memberships`] says otherwise. A role is looked up
    /// with [`Attempt::role_in`](crate::Attempt::role_in), which knows of the others too.
    pub memberships: Vec<Membership>,
    /// Organizations of which they are a member, and for which this credential does not act: they require one
    /// that stems from signing in at their provider.
    pub sign_in_required: Vec<OrganizationId>,
    /// Whether they have more memberships than these.
    pub more_memberships: bool,
    /// What proves them: context of what they do.
    pub credential: Credential,
    /// The provider from whose sign-in the credential stems; none if it stems from a password.
    pub identity_provider_id: Option<IdentityProviderId>,
    /// To what the credential is limited. A caller with one is neither an operator nor a member, whoever they are.
    pub scope: Option<TokenScope>,
}

impl Caller {
    /// The caller as the actor of events.
    pub fn actor(&self) -> Actor {
        Actor::Person(self.person_id)
    }

    /// Whether they may read the whole audit log, which tells of every organization: operators, and the auditors for
    /// whom one of them made a token.
    pub fn reads_whole_log(&self) -> bool {
        self.operator || self.scope == Some(TokenScope::AuditLog)
    }
}

impl From<AuthenticatedPerson> for Caller {
    fn from(person: AuthenticatedPerson) -> Self {
        Self {
            person_id: person.person_id,
            operator: person.operator,
            memberships: person.memberships,
            sign_in_required: person.sign_in_required,
            more_memberships: person.more_memberships,
            credential: person.credential,
            identity_provider_id: person.identity_provider_id,
            scope: person.scope,
        }
    }
}

/// The token could not be checked; whether it is good is unknown.
#[derive(Debug, thiserror::Error)]
#[error("tokens cannot be checked at the moment: {0}")]
pub struct AuthenticationError(pub String);

/// Knows whose token it is.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Whose token it is; none if it is unknown, revoked, ended or expired. `context` is the request's.
    async fn authenticate(
        &self,
        token: &BearerToken,
        context: &CallContext,
    ) -> Result<Option<Caller>, AuthenticationError>;

    /// The caller's memberships in those of these organizations of which they are a member.
    async fn memberships_in(
        &self,
        caller: &Caller,
        organizations: &[OrganizationId],
        context: &CallContext,
    ) -> Result<KnownMemberships, AuthenticationError>;
}

/// Asks the directory each time: a revoked token and an ended session are refused from the next request on.
#[derive(Debug, Clone)]
pub struct RpcAuthenticator(pub RpcClient);

#[async_trait]
impl Authenticator for RpcAuthenticator {
    async fn authenticate(
        &self,
        token: &BearerToken,
        context: &CallContext,
    ) -> Result<Option<Caller>, AuthenticationError> {
        let question =
            Authenticate { token_sha256: hex::encode(token.hash().0), kind: token.kind() };
        let person = self
            .0
            .call(context.clone(), &question)
            .await
            .map_err(|error: RpcError| AuthenticationError(error.to_string()))?;
        Ok(person.map(Caller::from))
    }

    async fn memberships_in(
        &self,
        caller: &Caller,
        organizations: &[OrganizationId],
        context: &CallContext,
    ) -> Result<KnownMemberships, AuthenticationError> {
        let mut known = KnownMemberships::default();
        let &Caller { person_id, identity_provider_id, .. } = caller;
        for organization_ids in AskedIds::portions(organizations.iter().copied()) {
            let question = MembershipsIn { person_id, identity_provider_id, organization_ids };
            let answer = self.0.call(context.clone(), &question).await;
            let answer = answer.map_err(|error| AuthenticationError(error.to_string()))?;
            known.memberships.extend(answer.memberships);
            known.sign_in_required.extend(answer.sign_in_required);
        }
        Ok(known)
    }
}

/// What the layer of [`crate::http::application`] puts into every request.
#[derive(Clone)]
pub(crate) struct RequestAuthenticator(pub(crate) Arc<dyn Authenticator>);

impl std::fmt::Debug for RequestAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RequestAuthenticator")
    }
}

impl RequestAuthenticator {
    /// The one of this request.
    pub(crate) fn of(parts: &Parts) -> Result<Self, Problem> {
        let layer = parts.extensions.get().cloned();
        layer.ok_or_else(|| Problem::internal("the layer with the authenticator is missing"))
    }
}

/// What is answered when the directory does not.
pub(crate) fn unavailable(error: &AuthenticationError) -> Problem {
    tracing::warn!(%error, "a caller could not be authenticated");
    Problem::unavailable("unavailable", "Tokens cannot be checked at the moment.")
}

/// The `Authorization` header. None if there are two: a proxy may have looked at the other one.
pub fn authorization(parts: &Parts) -> Option<&HeaderValue> {
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    match (headers.next(), headers.next()) {
        (Some(header), None) => Some(header),
        _ => None,
    }
}

/// The token of an `Authorization: Bearer` header (the scheme in any case, RFC 9110 section 11.1).
pub fn bearer(parts: &Parts) -> Option<&str> {
    let header = authorization(parts)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// 401 for a request without a token that can be read.
fn unauthenticated(parts: &Parts) -> Problem {
    let is_text = |header: &HeaderValue| header.to_str().is_ok();
    let detail = if parts.headers.get_all(AUTHORIZATION).iter().count() > 1 {
        "There are two headers Authorization, of which neither is believed. Send one."
    } else if parts.headers.get(AUTHORIZATION).is_some_and(|header| !is_text(header)) {
        "The header Authorization has control characters or others that are no ASCII; no token has them."
    } else {
        "This needs an API token or a session's, as `Authorization: Bearer mandate_pat_…`."
    };
    Problem::unauthorized("unauthenticated", detail)
}

/// 401 for a token that opens nothing, or nothing any more.
pub fn invalid_token() -> Problem {
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    Problem::new(
        axum::http::StatusCode::UNAUTHORIZED,
        "invalid-token",
        "The token is unknown, revoked or expired.",
    )
    .with_header(WWW_AUTHENTICATE, challenge)
}

/// Whoever is proved by the request's token.
pub(crate) async fn authenticated(parts: &Parts, facts: &RequestFacts) -> Result<Caller, Problem> {
    let RequestAuthenticator(authenticator) = RequestAuthenticator::of(parts)?;
    let token = bearer(parts).ok_or_else(|| unauthenticated(parts))?;
    let token = BearerToken::parse(token).map_err(|_| invalid_token())?;
    let caller = authenticator
        .authenticate(&token, &CallContext::from(facts))
        .await
        .map_err(|error| unavailable(&error))?
        .ok_or_else(invalid_token)?;
    facts.proved_by(caller.actor(), caller.credential);
    Ok(caller)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn a_bearer_token_is_read_whatever_the_schemes_case() {
        for (header, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer abc", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
        ] {
            let (parts, ()) =
                Request::builder().header(AUTHORIZATION, header).body(()).unwrap().into_parts();
            assert_eq!(bearer(&parts), token, "{header}");
        }
    }

    #[test]
    fn of_two_headers_neither_is_believed() {
        let request = Request::builder().header(AUTHORIZATION, "Bearer a");
        let request = request.header(AUTHORIZATION, "Bearer b").body(()).unwrap();
        let (parts, ()) = request.into_parts();
        assert_eq!(bearer(&parts), None);
        assert!(unauthenticated(&parts).detail().starts_with("There are two"));
    }

    #[test]
    fn bytes_that_no_token_has_are_told() {
        let said = |value: &[u8]| {
            let request = Request::builder().header(AUTHORIZATION, value).body(()).unwrap();
            unauthenticated(&request.into_parts().0).detail().to_owned()
        };
        assert!(said(b"Bearer \xff").contains("no ASCII"));
        assert!(said(b"Basic abc").starts_with("This needs an API token"));
    }
}
