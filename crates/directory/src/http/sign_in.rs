//! Signing in: a password by HTTP Basic (RFC 7617), or an API token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::{Actor, ApiTokenId, Authority, PersonId, Version};
use service::{Attempt, Permit, Problem, RequestFacts, Target};

use crate::fields::Email;
use crate::password::Password;
use crate::{Directory, sign_in, store};

/// How much of a claimed name is kept beside a refusal: no email is longer.
const MAX_CLAIMED_CHARS: usize = 254;

/// Somebody who proved who they are, by a password or an API token, and may do what is their own. As an
/// extractor it answers 401 to all others. A password leaves an event either way: `sign-in.accepted` or
/// `sign-in.refused`.
pub(super) struct SignedIn {
    /// The person.
    pub(super) person_id: PersonId,
    /// The API token that proved it; none if a password did.
    pub(super) token: Option<ApiTokenId>,
    /// What is permitted to them, as caused by their sign-in.
    pub(super) permit: Permit,
}

impl FromRequestParts<Arc<Directory>> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        directory: &Arc<Directory>,
    ) -> Result<Self, Problem> {
        let Some(claim) = basic(parts) else {
            let attempt = Attempt::from_request_parts(parts, directory).await?;
            let person_id = attempt.caller.person_id;
            let token = Some(attempt.caller.api_token_id);
            let target = Target::of(person_id, None);
            let permit = attempt.permit("api-token.create", target, Ok(Authority::SELF)).await?;
            return Ok(Self { person_id, token, permit });
        };
        let facts = RequestFacts::from_request_parts(parts, directory).await?;
        let (name, password) = claim?;
        with_password(directory, &facts, &name, password).await
    }
}

/// Name and password of an `Authorization: Basic` header, if there is one.
fn basic(parts: &Parts) -> Option<Result<(String, Password), Problem>> {
    let header = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let claim = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| {
        let text = String::from_utf8(bytes).ok()?;
        let (name, password) = text.split_once(':')?;
        Some((name.to_owned(), Password::claimed(password)))
    });
    Some(claim.ok_or_else(refused))
}

async fn with_password(
    directory: &Directory,
    facts: &RequestFacts,
    name: &str,
    password: Password,
) -> Result<SignedIn, Problem> {
    let resources = &directory.resources;
    let known = match Email::parse("email", name) {
        Ok(email) => {
            store::people::credentials(&mut *resources.pool.acquire().await?, &email).await?
        }
        Err(_) => None,
    };
    // The same work for somebody unknown as for somebody known: the time must not tell.
    let stored = known.as_ref().and_then(|known| known.password_hash.as_deref());
    let right = directory.passwords.verify(password, stored).await?;
    let id = resources.env.new_id();
    match sign_in::by_password(id, known.map(|known| known.person_id), right) {
        Ok(accepted) => {
            let person_id = accepted.person_id;
            let (actor, authority) = (Actor::Person(person_id), Authority::role("password"));
            let permit = Permit::by_credentials(resources, facts, actor, authority, None);
            let mut unit = permit.begin();
            let event = unit.record(id.uuid(), Version::FIRST, &accepted)?;
            unit.commit().await?;
            facts.proved_to_be(actor);
            Ok(SignedIn { person_id, token: None, permit: permit.caused_by(Some(event)) })
        }
        Err(event) => {
            let claimed = name.chars().take(MAX_CLAIMED_CHARS).collect();
            let provenance = facts.refusal(Actor::Anonymous, None).claiming(claimed);
            let mut unit = resources.events.begin(&provenance);
            unit.record(id.uuid(), Version::FIRST, &event)?;
            unit.commit().await?;
            Err(refused())
        }
    }
}

/// The same for an unknown person and a wrong password.
fn refused() -> Problem {
    let challenge = HeaderValue::from_static("Basic realm=\"mandate\", charset=\"UTF-8\"");
    Problem::new(StatusCode::UNAUTHORIZED, "sign-in-refused", "The email or the password is wrong.")
        .with_header(WWW_AUTHENTICATE, challenge)
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn read(header: &str) -> Option<Result<String, u16>> {
        let (parts, ()) =
            Request::builder().header(AUTHORIZATION, header).body(()).unwrap().into_parts();
        basic(&parts)
            .map(|claim| claim.map(|(name, _)| name).map_err(|problem| problem.status().as_u16()))
    }

    #[test]
    fn only_a_basic_header_is_a_claim() {
        let encoded = STANDARD.encode("owner@example.com:pass:word");
        assert_eq!(read(&format!("Basic {encoded}")), Some(Ok("owner@example.com".to_owned())));
        assert_eq!(read(&format!("basic {encoded}")), Some(Ok("owner@example.com".to_owned())));
        assert_eq!(read("Basic !"), Some(Err(401)));
        assert_eq!(read(&format!("Basic {}", STANDARD.encode("no colon"))), Some(Err(401)));
        assert_eq!(read("Bearer abc"), None);
    }
}
