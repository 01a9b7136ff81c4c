//! The caller as an extractor: whoever is authenticated, with a token that opens what they ask for.
//!
//! An API token that is limited opens nothing, but for the routes around which there is an [`OpenTo`] of its scope: so
//! whoever adds a route need not think of it.

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::request::Parts;
use contract::TokenScope;
use contract::facts::{AccessRefused, RefusedBecause};

use crate::authentication::{Caller, authenticated};
use crate::problem::Problem;
use crate::refusals::Refusal;
use crate::request::RequestFacts;
use crate::resources::ServiceState;

/// Routes that tokens of this scope open: a layer, `axum::Extension(OpenTo(…))`.
#[derive(Debug, Clone, Copy)]
pub struct OpenTo(pub TokenScope);

/// Whether the caller's credential is limited to something else than what is asked for.
fn is_closed(parts: &Parts, caller: &Caller) -> bool {
    let open_to = parts.extensions.get::<OpenTo>();
    caller.scope.is_some_and(|scope| open_to.is_none_or(|open| open.0 != scope))
}

impl<S: ServiceState> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Several extractors of one request may need the caller; the directory is asked once.
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let facts = RequestFacts::from_request_parts(parts, state).await?;
        let caller = authenticated(parts, &facts).await?;
        if is_closed(parts, &caller) {
            record(state, facts, &caller).await;
            return Err(insufficient_scope());
        }
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

/// Records the refusal, as aimed at the token: what it was tried at is no matter, since it opens so little.
async fn record(state: &impl ServiceState, facts: RequestFacts, caller: &Caller) {
    let refused = AccessRefused {
        operation: "api-token.use".to_owned(),
        target: caller.credential.to_string(),
        reason: RefusedBecause::ScopeNotAllowed,
        counted: None,
        counted_since: None,
    };
    let refusal = Refusal {
        facts,
        actor: caller.actor(),
        organization: None,
        claimed_name: None,
        fact: refused.into(),
    };
    if let Err(error) = state.resources().refusals.record(refusal).await {
        tracing::error!(%error, "a refused use of an API token is not recorded yet");
    }
}

/// 403 for a token that is limited to something else (RFC 6750 section 3.1).
fn insufficient_scope() -> Problem {
    let challenge = HeaderValue::from_static("Bearer error=\"insufficient_scope\"");
    let detail = "This API token reads the audit log, and opens nothing else.";
    Problem::forbidden("insufficient-scope", detail).with_header(WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use contract::{ApiTokenId, Credential, PersonId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_limited_token_opens_what_is_open_to_its_scope_and_another_opens_all() {
        let caller = |scope| Caller {
            person_id: PersonId::from_uuid(Uuid::from_u128(1)),
            operator: false,
            memberships: Vec::new(),
            sign_in_required: Vec::new(),
            more_memberships: false,
            credential: Credential::ApiToken(ApiTokenId::from_uuid(Uuid::nil())),
            identity_provider_id: None,
            scope,
        };
        let (mut parts, ()) = Request::new(()).into_parts();
        assert!(is_closed(&parts, &caller(Some(TokenScope::AuditLog))));
        assert!(!is_closed(&parts, &caller(None)));
        parts.extensions.insert(OpenTo(TokenScope::AuditLog));
        assert!(!is_closed(&parts, &caller(Some(TokenScope::AuditLog))));
    }
}
