//! Who did it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{AppId, PersonId, Service};

/// The `actor` attribute of an event: a person, an app, a service of ours, or nobody known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// `user/<id>`: a person who proved to be this person.
    Person(PersonId),
    /// `app/<id>`: an app with one of its keys or tokens.
    App(AppId),
    /// `system/<service>`: a service of ours by itself, such as an expiry.
    System(Service),
    /// `anonymous`: a caller who proved nothing, such as a refused sign-in.
    Anonymous,
}

/// Text that names no actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no actor; expected user/<id>, app/<id>, system/<service> or anonymous")]
pub struct InvalidActor(String);

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "user/{id}"),
            Self::App(id) => write!(f, "app/{id}"),
            Self::System(service) => write!(f, "system/{service}"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

impl FromStr for Actor {
    type Err = InvalidActor;
    fn from_str(text: &str) -> Result<Self, InvalidActor> {
        let invalid = || InvalidActor(text.chars().take(80).collect());
        match text.split_once('/') {
            None if text == "anonymous" => Ok(Self::Anonymous),
            Some(("user", id)) => id.parse().map(Self::Person).map_err(|_| invalid()),
            Some(("app", id)) => id.parse().map(Self::App).map_err(|_| invalid()),
            Some(("system", name)) => name.parse().map(Self::System).map_err(|_| invalid()),
            _ => Err(invalid()),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_actor_reads_back_as_itself() {
        let uuid = Uuid::from_u128(7);
        for actor in [
            Actor::Person(PersonId::from_uuid(uuid)),
            Actor::App(AppId::from_uuid(uuid)),
            Actor::System(Service::ConsentBroker),
            Actor::Anonymous,
        ] {
            assert_eq!(actor.to_string().parse::<Actor>().unwrap(), actor);
        }
    }

    #[test]
    fn other_texts_are_no_actor() {
        for text in ["", "user", "user/", "user/x", "system/unknown", "root"] {
            assert!(text.parse::<Actor>().is_err(), "{text}");
        }
    }
}
