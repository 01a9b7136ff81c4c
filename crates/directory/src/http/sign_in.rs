//! Signing in: a password by HTTP Basic (RFC 7617) or in a body, or what a sign-in gave before.

use std::sync::Arc;

use axum::RequestExt as _;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::{Actor, Authority, Credential, PersonId, Version};
use serde::Deserialize;
use service::authentication::authorization;
use service::http::Json;
use service::{Attempt, Permit, Problem, RequestFacts, Target};
use utoipa::ToSchema;

use super::password_proof;
use crate::password::Password;
use crate::{Directory, store};

/// Somebody who proved who they are, by a password, an API token or a session, and may do what is their own. As
/// an extractor it answers 401 to all others, and 429 to those who try too often. A password leaves an event
/// either way: `sign-in.accepted`, or `sign-in.refused`, where many refusals can be one event.
pub(super) struct SignedIn {
    /// The person.
    pub(super) person_id: PersonId,
    /// What proved it; none if a password did.
    pub(super) credential: Option<Credential>,
    /// What is permitted to them, as caused by their sign-in.
    pub(super) permit: Permit,
}

/// The same of somebody who proved it by a password: to all others the extractor answers 401.
pub(super) struct SignedInByPassword {
    /// The person.
    pub(super) person_id: PersonId,
    /// What is permitted to them, as caused by their sign-in.
    pub(super) permit: Permit,
    /// With which request.
    pub(super) facts: RequestFacts,
}

impl FromRequestParts<Arc<Directory>> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        directory: &Arc<Directory>,
    ) -> Result<Self, Problem> {
        if basic(parts).is_some() {
            let signed_in = SignedInByPassword::from_request_parts(parts, directory).await?;
            let SignedInByPassword { person_id, permit, .. } = signed_in;
            return Ok(Self { person_id, credential: None, permit });
        }
        let attempt = Attempt::from_request_parts(parts, directory).await?;
        let person_id = attempt.caller.person_id;
        let credential = Some(attempt.caller.credential);
        let target = Target::of(person_id, None);
        let permit = attempt.permit("api-token.create", target, Ok(Authority::SELF)).await?;
        Ok(Self { person_id, credential, permit })
    }
}

impl FromRequestParts<Arc<Directory>> for SignedInByPassword {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        directory: &Arc<Directory>,
    ) -> Result<Self, Problem> {
        let claim = basic(parts).ok_or_else(|| {
            challenged(
                "unauthenticated",
                "This needs your email and password, as `Authorization: Basic …`.",
            )
        })?;
        let facts = RequestFacts::from_request_parts(parts, directory).await?;
        let (name, password) = claim?;
        let (person_id, permit) = with_password(directory, &facts, &name, password).await?;
        Ok(Self { person_id, permit, facts })
    }
}

/// Email and password, as a form sends them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The email.
    #[schema(example = "developer@example.com", format = "email", max_length = 254)]
    email: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
}

/// Somebody who proved who they are by a password, in an `Authorization: Basic` header or, where there is no such
/// header, in a JSON body.
pub(super) struct SignedInAnew(pub(super) SignedInByPassword);

impl FromRequest<Arc<Directory>> for SignedInAnew {
    type Rejection = Problem;

    async fn from_request(
        mut request: Request,
        directory: &Arc<Directory>,
    ) -> Result<Self, Problem> {
        let headers = request.headers();
        let in_header = headers.contains_key(AUTHORIZATION) || !headers.contains_key(CONTENT_TYPE);
        if in_header {
            let (mut parts, _) = request.into_parts();
            let signed_in = SignedInByPassword::from_request_parts(&mut parts, directory).await?;
            return Ok(Self(signed_in));
        }
        let facts = request.extract_parts_with_state::<RequestFacts, _>(directory).await?;
        let Json(SignIn { email, password }) = Json::from_request(request, directory).await?;
        let password = Password::claimed(password);
        let (person_id, permit) = with_password(directory, &facts, &email, password).await?;
        Ok(Self(SignedInByPassword { person_id, permit, facts }))
    }
}

/// Name and password of an `Authorization: Basic` header, if there is one.
fn basic(parts: &Parts) -> Option<Result<(String, Password), Problem>> {
    let header = authorization(parts)?.to_str().ok()?;
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
) -> Result<(PersonId, Permit), Problem> {
    let (resources, now) = (&directory.resources, directory.resources.env.now());
    let proof = password_proof::prove(directory, facts, Actor::Anonymous, name, password).await?;
    let proof = proof.ok_or_else(refused)?;
    let person_id = proof.accepted.person_id;
    resources
        .limits
        .change(&Method::POST, person_id)
        .map_err(|limited| limited.problem("You sign in more often than you may in a minute."))?;
    let (actor, authority) = (Actor::Person(person_id), Authority::role("password"));
    let permit = Permit::by_credentials(resources, facts, actor, authority, None);
    // It is the same password: whoever could not be waited for is asked again when they sign in again.
    let renewed = match proof.outdated.clone() {
        Some(password) => directory.passwords.hash(password).await.ok(),
        None => None,
    };
    let mut unit = permit.begin();
    if let Some(hash) = renewed {
        let conn = unit.connection().await?;
        store::people::replace_hash(conn, person_id, &proof.password_hash, &hash).await?;
    }
    if let Some(network) = &proof.subjects.email_at_network {
        store::sign_in_networks::remember(unit.connection().await?, person_id, network, now)
            .await?;
    }
    let stream = proof.accepted.sign_in_id.uuid();
    let event = unit.record(stream, Version::FIRST, &proof.accepted)?;
    unit.commit().await?;
    proof.forgive(directory).await;
    facts.proved_to_be(actor);
    Ok((person_id, permit.caused_by(Some(event))))
}

/// The same for an unknown person and a wrong password.
fn refused() -> Problem {
    challenged("sign-in-refused", "The email or the password is wrong.")
}

fn challenged(slug: &'static str, detail: &'static str) -> Problem {
    let challenge = HeaderValue::from_static("Basic realm=\"mandate\", charset=\"UTF-8\"");
    Problem::new(StatusCode::UNAUTHORIZED, slug, detail).with_header(WWW_AUTHENTICATE, challenge)
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

    #[test]
    fn of_two_headers_neither_is_believed() {
        let encoded = format!("Basic {}", STANDARD.encode("owner@example.com:password"));
        let request = Request::builder().header(AUTHORIZATION, &encoded);
        let request = request.header(AUTHORIZATION, "Basic x").body(()).unwrap();
        assert!(basic(&request.into_parts().0).is_none());
    }
}
