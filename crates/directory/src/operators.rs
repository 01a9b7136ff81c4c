//! The first operator of an empty installation, added from the command line.

use contract::secret::ApiToken;
use contract::{PersonId, Provenance, Service, Version};
use eventstore::{AppendError, EventStore};

use crate::api_token::NewToken;
use crate::fields::Invalid;
use crate::language::Language;
use crate::password::{PasswordError, Passwords};
use crate::person::{NewPerson, Person};
use crate::{Settings, issue, store};

/// An operator to be added.
#[derive(Clone)]
pub struct NewOperator {
    /// Their email.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their password. Without one they use API tokens only.
    pub password: Option<String>,
    /// Add them although there is an operator already.
    pub force: bool,
}

/// Why an operator was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddOperatorError {
    /// Operators add people over HTTP.
    #[error("there is an operator already, who can add others by POST /v1/people")]
    OperatorExists,
    /// The email is somebody's.
    #[error("somebody has registered with this email already")]
    EmailTaken,
    /// What was typed in is wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The password cannot be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The token could not be shown.
    #[error("the token cannot be shown, and nothing was added: {0}")]
    NotShown(std::io::Error),
    /// The database refused.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<sqlx::Error> for AddOperatorError {
    fn from(error: sqlx::Error) -> Self {
        Self::Append(error.into())
    }
}

/// Adds an operator to an installation without one, with an API token that is shown this once.
///
/// `show` shows it, before the operator is there: one whose token nobody has seen never is. Only an error after that
/// leaves a token that was shown and is none.
///
/// # Errors
/// See [`AddOperatorError`]; nothing was added then.
pub async fn add_first_operator(
    events: &EventStore,
    settings: &Settings,
    new: NewOperator,
    show: impl FnOnce(&ApiToken) -> std::io::Result<()>,
) -> Result<(PersonId, ApiToken), AddOperatorError> {
    let environment = events.environment();
    let NewOperator { email, name, password, force } = new;
    let new =
        NewPerson::parse(&email, &name, password, true, Language::default(), &settings.passwords)?;
    let hash = match new.password.clone() {
        Some(password) => Some(
            Passwords::new(settings.passwords.clone(), environment.clone())?.hash(password).await?,
        ),
        None => None,
    };
    let provenance = Provenance::system(Service::Directory, None, environment.new_id());
    let mut unit = events.begin(&provenance);
    let operator_exists = store::people::lock_operators(unit.connection().await?, None).await?;
    if operator_exists && !force {
        return Err(AddOperatorError::OperatorExists);
    }
    let (person, registered) = Person::register(environment.new_id(), new, environment.now());
    if !store::people::insert(unit.connection().await?, &person, hash.as_deref()).await? {
        return Err(AddOperatorError::EmailTaken);
    }
    unit.record(person.id.uuid(), Version::FIRST, &registered)?;
    let first = NewToken::first(settings.longest_token_life(), environment.now());
    let (_, token) = issue::token(&mut unit, environment, person.id, first).await?;
    show(&token).map_err(AddOperatorError::NotShown)?;
    unit.commit().await?;
    Ok((person.id, token))
}

impl std::fmt::Debug for NewOperator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewOperator").field("force", &self.force).finish_non_exhaustive()
    }
}
