//! Adding, removing and listing subscribers, from the command line: on the database alone, so that it
//! works while nothing runs.

use std::collections::BTreeMap;

use contract::facts::SubscriberDetails;
use contract::secret::SubscriberPassword;
use contract::{Provenance, Service, SubscriberId};
use eventstore::{AppendError, EventStore};
use sqlx::PgPool;

use crate::password::PasswordHash;
use crate::store;
use crate::subscriber::{InvalidSubscriber, Missed, NewSubscriber, Subscriber};

/// Why a subscriber was not added or removed.
#[derive(Debug, thiserror::Error)]
pub enum SubscriberError {
    /// What was typed in is wrong.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<InvalidSubscriber>),
    /// The name is in use, or was: its consumer's position must not pass to another.
    #[error("the name `{0}` is or was a subscriber's: choose another")]
    NameTaken(String),
    /// There is no such subscriber.
    #[error("there is no subscriber `{0}`")]
    Unknown(String),
    /// bcrypt refused.
    #[error("the password cannot be hashed: {0}")]
    Hash(#[from] bcrypt::BcryptError),
    /// The password could not be shown.
    #[error("the password cannot be shown, and nothing was added: {0}")]
    NotShown(std::io::Error),
    /// The database refused.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<sqlx::Error> for SubscriberError {
    fn from(error: sqlx::Error) -> Self {
        Self::Append(error.into())
    }
}

/// Adds a subscriber, with a password that is shown this once. NATS knows it soon after: the users
/// by who runs the server, the consumer by this service.
///
/// That there is such an organization is for the caller to know: the directory does.
///
/// `show` shows the password, before the subscriber is there: one whose password nobody has seen never is.
///
/// # Errors
/// See [`SubscriberError`]; nothing was added then.
pub async fn add_subscriber(
    events: &EventStore,
    new: NewSubscriber,
    show: impl FnOnce(&Subscriber, &SubscriberPassword) -> std::io::Result<()>,
) -> Result<(Subscriber, SubscriberPassword), SubscriberError> {
    let environment = events.environment();
    let password = SubscriberPassword::generate(environment);
    let hash = PasswordHash::of(&password, environment)?;
    let (subscriber, added) = new.add(environment.new_id(), hash, environment.now());
    let organization = Some(subscriber.organization_id);
    let provenance = Provenance::system(Service::Notifier, organization, environment.new_id());
    let mut unit = events.begin(&provenance);
    store::insert(unit.connection().await?, &subscriber).await.map_err(|error| {
        if store::is_name_taken(&error) {
            SubscriberError::NameTaken(subscriber.name.clone())
        } else {
            error.into()
        }
    })?;
    let details = SubscriberDetails { name: subscriber.name.clone() };
    unit.record_with(subscriber.id.uuid(), subscriber.version, &added, &details)?;
    show(&subscriber, &password).map_err(SubscriberError::NotShown)?;
    unit.commit().await?;
    Ok((subscriber, password))
}

/// Removes a subscriber for ever.
///
/// # Errors
/// See [`SubscriberError`]; nothing was removed then.
pub async fn remove_subscriber(
    events: &EventStore,
    name: &str,
) -> Result<Subscriber, SubscriberError> {
    let environment = events.environment();
    let unknown = || SubscriberError::Unknown(name.to_owned());
    // Whose it is is known once it is read.
    let provenance = Provenance::system(Service::Notifier, None, environment.new_id());
    let mut unit = events.begin(&provenance);
    let found = store::lock(unit.connection().await?, name).await?.ok_or_else(unknown)?;
    // A removed subscriber is answered like one that never was.
    let (subscriber, removed) = found.remove(environment.now()).map_err(|_| unknown())?;
    store::save_removal(unit.connection().await?, &subscriber).await?;
    let provenance = provenance.for_organization(subscriber.organization_id);
    unit.record_as(&provenance, subscriber.id.uuid(), subscriber.version, &removed)?;
    unit.commit().await?;
    Ok(subscriber)
}

/// The subscribers that are not removed, by name.
///
/// # Errors
/// When the database does not answer or refuses.
pub async fn list_subscribers(pool: &PgPool) -> sqlx::Result<Vec<Subscriber>> {
    store::live(&mut *pool.acquire().await?).await
}

/// What subscribers missed because the stream dropped it, for its limits, before they had it: those that missed
/// something.
///
/// # Errors
/// When the database does not answer or refuses.
pub async fn missed_by_subscribers(pool: &PgPool) -> sqlx::Result<BTreeMap<SubscriberId, Missed>> {
    Ok(store::missed(&mut *pool.acquire().await?).await?.into_iter().collect())
}
