//! Adding and removing subscribers, from the command line.

use contract::facts::{SubscriberAdded, SubscriberRemoved};
use contract::secret::SubscriberPassword;
use contract::{Environment, Provenance, Service, Version};
use eventstore::{AppendError, EventStore};

use crate::fields::FieldError;
use crate::store;
use crate::subscriber::{NewSubscriber, PasswordHash, Subscriber};

/// The work that a hash costs, as a power of two. bcrypt's work protects passwords that can be
/// guessed; ours have 256 random bits, and nats-server pays it at every connection.
const COST: u32 = 5;

/// Why a subscriber was not added or removed.
#[derive(Debug, thiserror::Error)]
pub enum SubscriberError {
    /// What was typed in is wrong.
    #[error("{}", .0.iter().map(|e| format!("{} {}", e.field, e.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// The name is in use, or was: its consumer's position must not pass to another.
    #[error("the name `{0}` is or was a subscriber's: choose another")]
    NameTaken(String),
    /// There is no such organization.
    #[error("there is no organization {0}")]
    NoOrganization(contract::OrganizationId),
    /// There is no such subscriber.
    #[error("there is no subscriber `{0}`")]
    Unknown(String),
    /// bcrypt refused.
    #[error("the password cannot be hashed: {0}")]
    Hash(#[from] bcrypt::BcryptError),
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
/// by who runs the server, the consumer by the directory.
///
/// # Errors
/// See [`SubscriberError`]; nothing was added then.
pub async fn add_subscriber(
    events: &EventStore,
    new: NewSubscriber,
) -> Result<(Subscriber, SubscriberPassword), SubscriberError> {
    let environment = events.environment();
    let password = SubscriberPassword::generate(environment);
    let subscriber = Subscriber {
        id: environment.new_id(),
        name: new.name,
        organization_id: new.organization_id,
        events: new.events,
        password_hash: hash(&password, environment)?,
        created_at: environment.now(),
        removed_at: None,
        version: Version::FIRST.number(),
    };
    let organization = Some(subscriber.organization_id);
    let provenance = Provenance::system(Service::Directory, organization, environment.new_id());
    let mut unit = events.begin(&provenance);
    store::insert_subscriber(unit.connection().await?, &subscriber)
        .await
        .map_err(|error| refused(error, &subscriber))?;
    let added = SubscriberAdded {
        subscriber_id: subscriber.id,
        organization_id: subscriber.organization_id,
        name: subscriber.name.clone(),
        events: subscriber.events.clone(),
    };
    unit.record(subscriber.id.uuid(), Version::FIRST, &added)?;
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
    // Whose it is is known once it is read.
    let provenance = Provenance::system(Service::Directory, None, environment.new_id());
    let mut unit = events.begin(&provenance);
    let found = store::lock_subscriber(unit.connection().await?, name).await?;
    let Some(subscriber) = found.filter(|found| found.removed_at.is_none()) else {
        return Err(SubscriberError::Unknown(name.to_owned()));
    };
    let version = Version::new(subscriber.version).map_or(Version::FIRST, Version::next);
    store::end_subscriber(
        unit.connection().await?,
        subscriber.id,
        environment.now(),
        version.number(),
    )
    .await?;
    let removed = SubscriberRemoved {
        subscriber_id: subscriber.id,
        organization_id: subscriber.organization_id,
    };
    let provenance = provenance.for_organization(subscriber.organization_id);
    unit.record_as(&provenance, subscriber.id.uuid(), version, &removed)?;
    unit.commit().await?;
    Ok(subscriber)
}

fn hash(
    password: &SubscriberPassword,
    environment: &Environment,
) -> Result<PasswordHash, bcrypt::BcryptError> {
    let salt = environment.bytes::<16>();
    let hash = bcrypt::hash_with_salt(password.reveal(), COST, salt)?;
    // The one prefix that every nats-server since 2.10 takes for a hash.
    Ok(PasswordHash(hash.format_for_version(bcrypt::Version::TwoA)))
}

fn refused(error: sqlx::Error, subscriber: &Subscriber) -> SubscriberError {
    let constraint = error.as_database_error().and_then(sqlx::error::DatabaseError::constraint);
    match constraint {
        Some("subscribers_name_key") => SubscriberError::NameTaken(subscriber.name.clone()),
        Some("subscribers_organization_id_fkey") => {
            SubscriberError::NoOrganization(subscriber.organization_id)
        }
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_a_hash_of_the_password_that_nats_understands() {
        let environment = Environment::system();
        let password = SubscriberPassword::generate(&environment);
        let kept = hash(&password, &environment).unwrap();
        assert!(kept.0.starts_with("$2a$05$"), "{}", kept.0);
        assert!(bcrypt::verify(password.reveal(), &kept.0).unwrap());
        let other = SubscriberPassword::generate(&environment);
        assert!(!bcrypt::verify(other.reveal(), &kept.0).unwrap());
    }
}
