//! Signing in: a password by HTTP Basic (RFC 7617), or an API token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::facts::{SignInRefusal, SignInRefused};
use contract::{Actor, ApiTokenId, Authority, Credential, PersonId, Version};
use service::authentication::authorization;
use service::{Attempt, Permit, Problem, Refusal, RequestFacts, Resources, Target};

use crate::fields::Email;
use crate::password::Password;
use crate::sign_in_limits::known_since;
use crate::{Directory, sign_in, store};

/// Somebody who proved who they are, by a password or an API token, and may do what is their own. As an
/// extractor it answers 401 to all others, and 429 to those who try too often. A password leaves an event either
/// way: `sign-in.accepted`, or `sign-in.refused`, where many refusals can be one event.
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
            let token = match attempt.caller.credential {
                Credential::ApiToken(id) => Some(id),
                Credential::Session(_) => None,
            };
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
) -> Result<SignedIn, Problem> {
    let (resources, counter) = (&directory.resources, &directory.sign_in_counter);
    let now = resources.env.now();
    let subjects = counter.subjects(resources, name, facts.network()).await?;
    let network = subjects.email_at_network.as_ref();
    let since = known_since(resources.limits.settings(), now);
    let email = Email::parse("email", name).ok();
    let known = match &email {
        Some(email) => {
            let mut connection = resources.pool.acquire().await?;
            store::people::credentials(&mut connection, email, network, since).await?
        }
        None => None,
    };
    let person = known.as_ref().map(|known| known.person_id);
    let at_home = known.as_ref().is_some_and(|known| known.at_home);
    let id = resources.env.new_id();
    if let Err(too_many) = counter.count(resources, facts, &subjects, at_home).await? {
        let event = sign_in::refused(id, person, SignInRefusal::TooManyAttempts);
        note_refusal(resources, facts, email.as_ref(), event);
        return Err(too_many.into());
    }
    // The same work for somebody unknown as for somebody known: the time must not tell.
    let stored = known.as_ref().and_then(|known| known.password_hash.as_deref());
    let right = directory.passwords.verify(password, stored, !at_home).await?;
    let accepted = match sign_in::by_password(id, person, right) {
        Ok(accepted) => accepted,
        Err(event) => {
            note_refusal(resources, facts, email.as_ref(), event);
            return Err(refused());
        }
    };
    let person_id = accepted.person_id;
    resources
        .limits
        .change(&Method::POST, person_id)
        .map_err(|limited| limited.problem("You sign in more often than you may in a minute."))?;
    let (actor, authority) = (Actor::Person(person_id), Authority::role("password"));
    let permit = Permit::by_credentials(resources, facts, actor, authority, None);
    let mut unit = permit.begin();
    if let Some(network) = network {
        store::sign_in_networks::remember(unit.connection().await?, person_id, network, now)
            .await?;
    }
    let event = unit.record(id.uuid(), Version::FIRST, &accepted)?;
    unit.commit().await?;
    counter.forgive(resources, &subjects, at_home).await;
    facts.proved_to_be(actor);
    Ok(SignedIn { person_id, token: None, permit: permit.caused_by(Some(event)) })
}

/// Records or counts a refusal. It is answered at once: if some were waited for until they are durable, the time
/// would tell which emails are somebody's.
fn note_refusal(
    resources: &Resources,
    facts: &RequestFacts,
    email: Option<&Email>,
    event: SignInRefused,
) {
    resources.refusals.note(Refusal {
        facts: facts.clone(),
        actor: Actor::Anonymous,
        organization: None,
        // Some type their password there: what does not look like an email is not kept.
        claimed_name: email.filter(|email| email.has_full_domain()).map(|e| e.as_str().to_owned()),
        fact: event.into(),
    });
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
    use axum::http::header::AUTHORIZATION;

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
