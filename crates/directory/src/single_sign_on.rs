//! Completing a sign-in at an organization's provider: whoever the provider says it is becomes a person that we
//! know, a member of the organization, and gets a session.
//!
//! People are joined by issuer and subject. Somebody who is not known there yet is joined by their email, if the
//! provider's word for it counts ([`IdentityProvider::vouched_email`]), and registered if it is nobody's. It has
//! to count also for becoming a member: at many issuers strangers have accounts, too.

use axum::http::Method;
use chrono::{DateTime, Utc};
use contract::facts::{SignInAccepted, SignInMethod, SignInRefusal};
use contract::secret::SessionToken;
use contract::{Actor, Authority, PersonId, Version};
use eventstore::{AppendError, Unit};
use service::{Permit, Problem, RequestFacts};
use sqlx::PgConnection;

use crate::fields::{self, Email};
use crate::identity_provider::IdentityProvider;
use crate::language::Language;
use crate::membership::Membership;
use crate::person::{NAME_CHARS, NewPerson, Person};
use crate::providers::Claims;
use crate::session::Session;
use crate::sign_in_flow::SignInFlow;
use crate::{Directory, sessions, store};

/// So often it is tried again when somebody else joins the same person at the same time.
const ATTEMPTS: usize = 3;

/// How the person is known for whom the provider speaks.
#[derive(Debug)]
enum Joining {
    /// By issuer and subject.
    Known(PersonId),
    /// By their email.
    ByEmail(PersonId),
    /// Not at all.
    New(PersonId, Email),
}

impl Joining {
    const fn person_id(&self) -> PersonId {
        match self {
            Self::Known(id) | Self::ByEmail(id) | Self::New(id, _) => *id,
        }
    }
}

/// Why nobody is signed in, and who it would have been, if that is known.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) SignInRefusal, pub(crate) Option<PersonId>);

/// Why an attempt came to nothing.
enum Stopped {
    Refused(SignInRefusal),
    /// Somebody else joined them meanwhile.
    JoinedMeanwhile,
    /// Something failed.
    Problem(Problem),
}

impl From<SignInRefusal> for Stopped {
    fn from(refusal: SignInRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<sqlx::Error> for Stopped {
    fn from(error: sqlx::Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<AppendError> for Stopped {
    fn from(error: AppendError) -> Self {
        Self::Problem(error.into())
    }
}

/// A sign-in at a provider, as far as the provider answers for it.
#[derive(Clone, Copy)]
pub(crate) struct ProvedSignIn<'a> {
    /// The sign-in.
    pub(crate) flow: &'a SignInFlow,
    /// The provider.
    pub(crate) provider: &'a IdentityProvider,
    /// Whom it speaks of.
    pub(crate) claims: &'a Claims,
}

/// Signs in whom the provider speaks of: a session, or the reason why there is none.
///
/// # Errors
/// When the database fails, or they sign in more often than they may in a minute.
pub(crate) async fn sign_in(
    directory: &Directory,
    facts: &RequestFacts,
    proved: ProvedSignIn<'_>,
) -> Result<Result<(Session, SessionToken), Refused>, Problem> {
    let resources = &directory.resources;
    for _ in 0..ATTEMPTS {
        let joining = {
            let mut conn = resources.pool.acquire().await?;
            join(&mut conn, proved, || resources.env.new_id()).await?
        };
        let joining = match joining {
            Ok(joining) => joining,
            Err(refusal) => return Ok(Err(Refused(refusal, None))),
        };
        match attempt(directory, facts, proved, &joining).await {
            Ok(opened) => return Ok(Ok(opened)),
            Err(Stopped::Refused(refusal)) => {
                return Ok(Err(Refused(refusal, Some(joining.person_id()))));
            }
            Err(Stopped::Problem(problem)) => return Err(problem),
            Err(Stopped::JoinedMeanwhile) => {}
        }
    }
    Err(Problem::unavailable("busy", "Too many sign in at the moment."))
}

async fn attempt(
    directory: &Directory,
    facts: &RequestFacts,
    proved: ProvedSignIn<'_>,
    joining: &Joining,
) -> Result<(Session, SessionToken), Stopped> {
    let ProvedSignIn { flow, claims, .. } = proved;
    let (resources, env) = (&directory.resources, &directory.resources.env);
    let organization_id = proved.provider.organization_id;
    let person_id = joining.person_id();
    resources.limits.change(&Method::POST, person_id).map_err(|limited| {
        Stopped::Problem(limited.problem("You sign in more often than you may in a minute."))
    })?;
    let (actor, authority) = (Actor::Person(person_id), Authority::role("openid_connect"));
    // Who somebody is belongs to nobody; what they are in the organization belongs to it.
    let permit = Permit::by_credentials(resources, facts, actor, authority, None);
    let of_organization = permit.provenance().clone().for_organization(organization_id);
    let mut unit = permit.begin();
    // Whoever changes the provider, or removes members, waits until this is done, or was first.
    let conn = unit.connection().await?;
    let language = store::organizations::lock_shared(conn, organization_id).await?;
    let current = store::identity_providers::of_organization(conn, organization_id).await?;
    let provider = current
        .filter(|current| current.id == proved.provider.id && current.is_in_effect())
        .ok_or(SignInRefusal::ProviderNotInEffect)?;
    let email = provider.vouched_email(claims.email.as_deref(), claims.email_verified);

    let person = match joining {
        Joining::Known(id) => store::people::lock(conn, *id).await?,
        Joining::ByEmail(id) => {
            // The domain may have been taken from the provider, or the person have got another email.
            let email = email.as_ref().map_err(|refusal| *refusal)?;
            let found = store::people::lock(conn, *id).await?;
            found.filter(|person| person.email == *email)
        }
        Joining::New(id, email) => {
            let new = new_person(email, claims.name.as_deref(), language);
            Some(register(&mut unit, *id, new, env.now()).await?)
        }
    };
    let person = person.ok_or(Stopped::JoinedMeanwhile)?;
    if person.deactivated_at.is_some() {
        return Err(SignInRefusal::PersonDeactivated.into());
    }
    if person.operator {
        return Err(SignInRefusal::PersonIsOperator.into());
    }
    if !matches!(joining, Joining::Known(_)) {
        link(&mut unit, &person, &provider, &claims.subject, env.now()).await?;
    }
    let conn = unit.connection().await?;
    if store::memberships::find(conn, organization_id, person_id).await?.is_none() {
        email?;
        let (id, role) = (env.new_id(), provider.default_role);
        let (membership, granted) =
            Membership::grant(id, organization_id, person_id, role, env.now());
        store::memberships::insert(conn, &membership).await?;
        let (stream, version) = (membership.id.uuid(), membership.version);
        unit.record_as(&of_organization, stream, version, &granted)?;
    }
    let accepted = SignInAccepted {
        sign_in_id: flow.id,
        person_id,
        method: SignInMethod::OpenidConnect,
        identity_provider_id: Some(provider.id),
    };
    unit.record_as(&of_organization, flow.id.uuid(), Version::FIRST, &accepted)?;
    let (settings, user_agent) = (&directory.settings, facts.user_agent.as_deref());
    let opened =
        sessions::open(&mut unit, env, settings, person_id, Some(provider.id), user_agent).await?;
    unit.commit().await?;
    facts.proved_to_be(actor);
    Ok(opened)
}

/// Registers somebody whose email was nobody's.
async fn register(
    unit: &mut Unit<'_>,
    id: PersonId,
    new: NewPerson,
    now: DateTime<Utc>,
) -> Result<Person, Stopped> {
    let (person, registered) = Person::register(id, new, now);
    if !store::people::insert(unit.connection().await?, &person, None).await? {
        return Err(Stopped::JoinedMeanwhile);
    }
    unit.record(person.id.uuid(), Version::FIRST, &registered)?;
    Ok(person)
}

/// Makes a person who is locked known at the provider.
async fn link(
    unit: &mut Unit<'_>,
    person: &Person,
    provider: &IdentityProvider,
    subject: &str,
    now: DateTime<Utc>,
) -> Result<(), Stopped> {
    let (person, linked) = person.link_identity(provider.id);
    let conn = unit.connection().await?;
    let identity = (provider.issuer.as_str(), subject);
    if !store::identities::insert(conn, identity, person.id, provider.id, now).await? {
        return Err(Stopped::JoinedMeanwhile);
    }
    store::people::save(conn, &person).await?;
    unit.record(person.id.uuid(), person.version, &linked)?;
    Ok(())
}

/// Whom the provider speaks of.
async fn join(
    conn: &mut PgConnection,
    ProvedSignIn { provider, claims, .. }: ProvedSignIn<'_>,
    new_id: impl FnOnce() -> PersonId,
) -> Result<Result<Joining, SignInRefusal>, sqlx::Error> {
    let known = store::identities::find(conn, &provider.issuer, &claims.subject).await?;
    if let Some(person) = known {
        return Ok(Ok(Joining::Known(person)));
    }
    match provider.vouched_email(claims.email.as_deref(), claims.email_verified) {
        Err(refusal) => Ok(Err(refusal)),
        Ok(email) => Ok(Ok(match store::people::find_by_email(conn, &email).await? {
            Some(person) => Joining::ByEmail(person.id),
            None => Joining::New(new_id(), email),
        })),
    }
}

/// Somebody who appears by signing in, written to in the organization's language: without a password, and never an operator.
fn new_person(email: &Email, name: Option<&str>, language: Language) -> NewPerson {
    let named = name.and_then(|name| fields::name("name", name, NAME_CHARS).ok());
    let name = named.unwrap_or_else(|| email.as_str().chars().take(NAME_CHARS).collect());
    NewPerson { email: email.clone(), name, password: None, operator: false, language }
}
