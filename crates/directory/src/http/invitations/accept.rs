//! POST /v1/invitations/accept

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use contract::facts::{AccessRefused, Invited, RefusedBecause};
use contract::{Actor, Authority, InvitationId, PersonId, SessionId};
use eventstore::AppendError;
use serde::{Deserialize, Serialize};
use service::http::Json;
use service::{Attempt, Fault, FaultCode, Permit, Problem, Refusal, RequestFacts, Target};
use utoipa::ToSchema;

use super::by_token;
use crate::acceptance::{self, AcceptError};
use crate::fields::Email;
use crate::invitation::{Ended, Invitation};
use crate::language::Language;
use crate::person::{NewPerson, Person};
use crate::{Directory, sessions, store};

/// What is attempted, in events.
const OPERATION: &str = "invitation.accept";

/// The token, and who accepts.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AcceptInvitation {
    /// The token in the link of the mail.
    #[schema(example = "mandate_ml_…")]
    token: String,
    /// Who they are, if they are not known here: they are registered with the email to which the invitation was
    /// sent. Left out by those who are signed in.
    #[serde(default)]
    person: Option<InvitedPerson>,
}

/// Somebody who was not known before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct InvitedPerson {
    /// Their name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Their password, of at least 12 characters.
    #[schema(min_length = 12, format = Password)]
    password: String,
    /// In which language they are written to; that of the invitation, if left out.
    #[serde(default)]
    language: Option<Language>,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct AcceptedInvitation {
    /// The invitation; it cannot be accepted again.
    invitation_id: InvitationId,
    /// What they are now.
    #[serde(flatten)]
    invited: Invited,
    /// Who accepted.
    person_id: PersonId,
    /// Whether they were registered with it.
    registered: bool,
    /// A session of theirs, if they were.
    session: Option<OpenedSession>,
}

/// A session, with its secret.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct OpenedSession {
    /// Its id.
    id: SessionId,
    /// Its token: shown this once, kept nowhere.
    #[schema(example = "mandate_ses_…")]
    token: String,
    /// When it ends at the latest.
    expires_at: DateTime<Utc>,
}

/// Who accepts: somebody who is signed in, or nobody known. Credentials that are wrong are refused, and not taken
/// for none.
pub(in crate::http) enum Accepting {
    SignedIn(Box<Attempt>),
    Unknown(RequestFacts),
}

impl FromRequestParts<Arc<Directory>> for Accepting {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        directory: &Arc<Directory>,
    ) -> Result<Self, Problem> {
        if parts.headers.contains_key(AUTHORIZATION) {
            let attempt = Attempt::from_request_parts(parts, directory).await?;
            return Ok(Self::SignedIn(Box::new(attempt)));
        }
        Ok(Self::Unknown(RequestFacts::from_request_parts(parts, directory).await?))
    }
}

/// Accept an invitation
///
/// Whoever has the token reads the mail of the address to which it was sent, and that is what counts. Who is signed
/// in accepts as who they are, whatever their own email. Who is not says who they are, and is registered with the
/// email of the invitation, and has a session; if somebody has that email already, they are asked to sign in first. An invitation is
/// accepted once. Whether whoever sent it still may do so does not count: the organization invited, and can revoke.
#[utoipa::path(
    post,
    path = "/v1/invitations/accept",
    operation_id = "acceptInvitation",
    tag = "invitations",
    request_body = AcceptInvitation,
    responses(
        (status = 200, description = "Accepted.", body = AcceptedInvitation),
        (status = 401, description = "`sign-in-required`: they have to sign in first, or say who they are; or no valid API token.", body = Problem),
        (status = 404, description = "No mail had this token.", body = Problem),
        (status = 409, description = "It was accepted before; or they are a member, or hold a role, already.", body = Problem),
        (status = 410, description = "It was revoked, or has expired.", body = Problem),
        (status = 422, description = "Some fields are wrong.", body = Problem),
        (status = 429, description = "Too many changes by one person.", body = Problem),
        (status = 503, description = "Too many sign in at the moment.", body = Problem),
    ),
    security((), ("api_token" = [])),
    extensions(
        ("x-mandate-events" = json!([
            {"event": "person.registered", "if": "they are not signed in"},
            "invitation.accepted",
            {"one_of": ["membership.granted", "account-role.granted"]},
            {"event": "session.created", "if": "they are not signed in"}
        ])),
        ("x-mandate-refusals" = json!(["access.refused"])),
        ("x-mandate-roles" = json!(["anyone"])),
    ),
)]
pub(in crate::http) async fn accept(
    State(directory): State<Arc<Directory>>,
    accepting: Accepting,
    Json(body): Json<AcceptInvitation>,
) -> Result<Response, Problem> {
    let invitation = by_token(&directory, &body.token).await?;
    let accepted = match (&accepting, body.person) {
        (Accepting::SignedIn(_), Some(_)) => {
            let fault = Fault::new(FaultCode::NotAllowed, "is for those who are not signed in");
            return Err(Problem::invalid_field("person", fault));
        }
        (Accepting::SignedIn(attempt), None) => by_caller(&directory, attempt, &invitation).await,
        (Accepting::Unknown(facts), Some(person)) => {
            by_new_person(&directory, facts, &invitation, person).await
        }
        (Accepting::Unknown(_), None) => Err(Refused::SignInFirst),
    };
    let (person_id, session) = match accepted {
        Ok(accepted) => accepted,
        Err(Refused::SignInFirst) => {
            let now = directory.resources.env.now();
            return Err(match invitation.usable(now) {
                Ok(()) => sign_in_first(),
                Err(ended) => refuse_ended(&directory, &accepting, &invitation, ended).await,
            });
        }
        Err(Refused::Accept(AcceptError::Ended(ended))) => {
            return Err(refuse_ended(&directory, &accepting, &invitation, ended).await);
        }
        Err(Refused::Accept(error)) => return Err(error.into()),
        Err(Refused::Problem(problem)) => return Err(problem),
    };
    let answer = AcceptedInvitation {
        invitation_id: invitation.id,
        invited: invitation.invited,
        person_id,
        registered: session.is_some(),
        session,
    };
    Ok((StatusCode::OK, [(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// Why it is not accepted.
enum Refused {
    /// Somebody has the email of the invitation already, or nobody says who they are.
    SignInFirst,
    /// The invitation does not allow it.
    Accept(AcceptError),
    /// Anything else.
    Problem(Problem),
}

impl From<AcceptError> for Refused {
    fn from(error: AcceptError) -> Self {
        Self::Accept(error)
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Accept(error.into())
    }
}

impl From<AppendError> for Refused {
    fn from(error: AppendError) -> Self {
        Self::Accept(error.into())
    }
}

/// What the token allows: it proves that its holder was invited.
const BY_INVITATION: Authority = Authority::role("invitation");

/// Accepts as who they are.
async fn by_caller(
    directory: &Directory,
    attempt: &Attempt,
    invitation: &Invitation,
) -> Result<(PersonId, Option<OpenedSession>), Refused> {
    let by = attempt.caller.person_id;
    let target = Target::of(invitation.id, invitation.organization());
    let permit = attempt.permit(OPERATION, target, Ok(BY_INVITATION)).await;
    let permit = permit.map_err(Refused::Problem)?;
    let mut unit = permit.begin();
    let (id, invited) = (invitation.id, invitation.invited);
    let locked = acceptance::lock(directory, &mut unit, id, invited).await?;
    acceptance::accept(directory, &mut unit, permit.provenance(), &locked, by).await?;
    unit.commit().await?;
    Ok((by, None))
}

/// Registers who accepts, with the email to which the invitation was sent.
async fn by_new_person(
    directory: &Directory,
    facts: &RequestFacts,
    invitation: &Invitation,
    person: InvitedPerson,
) -> Result<(PersonId, Option<OpenedSession>), Refused> {
    let resources = &directory.resources;
    let (env, passwords) = (&resources.env, &directory.passwords);
    // Before a password is hashed, which is dear.
    invitation.usable(env.now()).map_err(AcceptError::Ended)?;
    let email = invitation.email.as_ref().ok_or(AcceptError::Unknown)?;
    if is_known(directory, email).await? {
        return Err(Refused::SignInFirst);
    }
    let InvitedPerson { name, password, language } = person;
    let language = language.unwrap_or(invitation.language);
    let settings = passwords.settings();
    let new = NewPerson::parse(email.as_str(), &name, Some(password), false, language, settings);
    let new = new.map_err(|invalid| Refused::Problem(within_person(invalid)))?;
    let hash = match new.password.clone() {
        Some(password) => {
            let hash = passwords.hash(password).await;
            Some(hash.map_err(|error| Refused::Problem(error.into()))?)
        }
        None => None,
    };
    let (person, registered) = Person::register(env.new_id(), new, env.now());
    let actor = Actor::Person(person.id);
    // Who somebody is belongs to no organization; what they become in one does.
    let permit = Permit::by_credentials(resources, facts, actor, BY_INVITATION, None);
    let mut provenance = permit.provenance().clone();
    provenance.organization = invitation.organization();
    let mut unit = permit.begin();
    let (id, invited) = (invitation.id, invitation.invited);
    let locked = acceptance::lock(directory, &mut unit, id, invited).await?;
    if !store::people::insert(unit.connection().await?, &person, hash.as_deref()).await? {
        return Err(Refused::SignInFirst);
    }
    unit.record(person.id.uuid(), person.version, &registered)?;
    acceptance::accept(directory, &mut unit, &provenance, &locked, person.id).await?;
    let (settings, user_agent) = (&directory.settings, facts.user_agent.as_deref());
    let (session, token) =
        sessions::open(&mut unit, env, settings, person.id, None, user_agent).await?;
    unit.commit().await?;
    facts.proved_to_be(actor);
    let token = token.reveal().to_owned();
    let session = OpenedSession { id: session.id, token, expires_at: session.expires_at };
    Ok((person.id, Some(session)))
}

async fn is_known(directory: &Directory, email: &Email) -> sqlx::Result<bool> {
    let mut conn = directory.resources.pool.acquire().await?;
    Ok(store::people::find_by_email(&mut conn, email).await?.is_some())
}

/// What accepting an invitation that has ended answers. A second use of it is recorded: somebody may have got
/// hold of a mail that was not meant for them.
async fn refuse_ended(
    directory: &Directory,
    accepting: &Accepting,
    invitation: &Invitation,
    ended: Ended,
) -> Problem {
    let target = Target::of(invitation.id, invitation.organization());
    let reason = RefusedBecause::LinkAlreadyUsed;
    match (accepting, ended) {
        (_, Ended::Revoked { .. } | Ended::Expired { .. }) => {}
        (Accepting::SignedIn(attempt), _) => attempt.refuse(OPERATION, target, reason).await,
        (Accepting::Unknown(facts), _) => {
            let fact = AccessRefused {
                operation: OPERATION.to_owned(),
                target: target.to_string(),
                reason,
                counted: None,
                counted_since: None,
            };
            directory.resources.refusals.note(Refusal {
                facts: facts.clone(),
                actor: Actor::Anonymous,
                organization: invitation.organization(),
                claimed_name: None,
                fact: fact.into(),
            });
        }
    }
    ended.into()
}

/// 422 that names the fields where they are in the request.
fn within_person(invalid: crate::fields::Invalid) -> Problem {
    let problem =
        Problem::unprocessable("invalid-request", "Some fields of the request are wrong.");
    invalid.0.into_iter().fold(problem, |problem, error| {
        problem.with_field(format!("person.{}", error.field), error.fault)
    })
}

/// The same for who does not say who they are, and for an email that somebody has.
fn sign_in_first() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "sign-in-required",
        "Sign in to accept the invitation as who you are. If you are new here, say who you are, in `person`.",
    )
    .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

impl From<AcceptError> for Problem {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Ended(ended) => ended.into(),
            AcceptError::AlreadyMember => Self::conflict(
                "already-member",
                "You are a member already. The invitation is left as it is.",
            ),
            AcceptError::RoleHeld => Self::conflict(
                "account-role-held",
                "You hold a role on the account already. The invitation is left as it is.",
            ),
            AcceptError::Unknown => Self::no_such::<InvitationId>(),
            AcceptError::Append(error) => error.into(),
        }
    }
}
