//! What can happen: one struct an event type, the `data` of its CloudEvent.
//!
//! Facts carry ids, enumerations, numbers, times, hashes and names of the catalogue. What a person typed
//! (a name, a description, a label, the words that were shown) is no part of a fact but of its
//! [`Fact::Details`], which are kept beside the event and can be erased. A fact that was ever published
//! is never changed: a different meaning is a new type with the next `.vN`.
//! To add one: write the struct in its subject's file, add its line to the `facts!` list there
//! (`with` names its details, if it has any; `record` before the name says what it is, see [`EventClass`]),
//! run `cargo xtask schemas`. A new file needs its `mod`, its `pub use` and its line in [`all`].

use std::sync::LazyLock;

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

mod access;
mod app;
mod consent;
mod consent_lifetime;
mod directory;
mod domain_request;
mod hole;
mod identity_provider;
mod invitation;
mod key;
mod log;
mod mail;
mod manifest;
mod notifier;
mod session;
mod sign_in;

pub use access::*;
pub use app::*;
pub use consent::*;
pub use consent_lifetime::*;
pub use directory::*;
pub use domain_request::*;
pub use hole::*;
pub use identity_provider::*;
pub use invitation::*;
pub use key::*;
pub use log::*;
pub use mail::*;
pub use manifest::*;
pub use notifier::*;
pub use session::*;
pub use sign_in::*;

/// What an event is for whoever learns of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventClass {
    /// It changes what someone may do: services and subscribers hear of it, and audit.
    Fact,
    /// It says that something was done, or tried, within what is allowed, and nobody's state depends on it.
    /// There are thousands a second: they go to audit only, and are read from the log.
    Record,
}

/// The data of one event type.
pub trait Fact: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The CloudEvents `type`: `mandate.<aggregate>.<past participle>.v<N>`.
    const TYPE: &'static str;
    /// The kind of stream it belongs to.
    const AGGREGATE: &'static str;
    /// Whether it is a fact, or only a record.
    const CLASS: EventClass;
    /// What people typed, kept beside the event and bound to it; [`NoDetails`] if nothing was.
    type Details: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;
}

/// The details of a fact in which nobody typed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NoDetails {}

/// One event type, as the generated documents list it.
#[derive(Debug, Clone)]
pub struct EventType {
    /// The CloudEvents `type`.
    pub name: &'static str,
    /// The kind of stream.
    pub aggregate: &'static str,
    /// Whether it is a fact, or only a record.
    pub class: EventClass,
    /// The JSON Schema of its `data`.
    pub schema: Schema,
    /// The JSON Schema of its details, if it has any.
    pub details: Option<Schema>,
}

/// All event types there are, by name.
pub fn all() -> Vec<EventType> {
    let mut all = [
        access::list(),
        app::list(),
        consent::list(),
        consent_lifetime::list(),
        directory::list(),
        domain_request::list(),
        hole::list(),
        identity_provider::list(),
        invitation::list(),
        key::list(),
        log::list(),
        mail::list(),
        manifest::list(),
        notifier::list(),
        session::list(),
        sign_in::list(),
    ]
    .concat();
    all.sort_by_key(|event| event.name);
    all
}

static RECORD_TYPES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let records = all().into_iter().filter(|kind| kind.class == EventClass::Record);
    records.map(|kind| kind.name.to_owned()).collect()
});

/// The names of the event types that are records.
pub fn record_types() -> &'static [String] {
    &RECORD_TYPES
}

/// Declares the types and aggregates of a file's facts.
macro_rules! facts {
    (@details) => { $crate::facts::NoDetails };
    (@details $details:ident) => { $details };
    (@schema) => { None };
    (@schema $details:ident) => { Some(schemars::schema_for!($details)) };
    (@class) => { $crate::facts::EventClass::Fact };
    (@class record) => { $crate::facts::EventClass::Record };
    ($($fact:ident = $($class:ident)? $aggregate:literal . $event:literal $(with $details:ident)?;)*) => {
        $(impl $crate::facts::Fact for $fact {
            const TYPE: &'static str = concat!("mandate.", $aggregate, ".", $event, ".v1");
            const AGGREGATE: &'static str = $aggregate;
            const CLASS: $crate::facts::EventClass = facts!(@class $($class)?);
            type Details = facts!(@details $($details)?);
        })*

        pub(super) fn list() -> Vec<$crate::facts::EventType> {
            vec![$($crate::facts::EventType {
                name: <$fact as $crate::facts::Fact>::TYPE,
                aggregate: $aggregate,
                class: <$fact as $crate::facts::Fact>::CLASS,
                schema: schemars::schema_for!($fact),
                details: facts!(@schema $($details)?),
            }),*]
        }
    };
}
use facts;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_named_once_and_in_the_same_way() {
        let all = all();
        for pair in all.windows(2) {
            assert_ne!(pair[0].name, pair[1].name);
        }
        for event in all {
            let parts: Vec<_> = event.name.split('.').collect();
            assert_eq!(parts.len(), 4, "{}", event.name);
            assert_eq!((parts[0], parts[1], parts[3]), ("mandate", event.aggregate, "v1"));
            let participle = ["ed", "set", "sent", "again", "ed-on", "expiring", "written"]
                .iter()
                .any(|end| parts[2].ends_with(end));
            assert!(participle, "{}", event.name);
        }
    }

    #[test]
    fn what_nobodys_state_depends_on_is_a_record_and_an_aggregate_has_one_class() {
        let mut classes = std::collections::BTreeMap::new();
        for event in all() {
            let class = *classes.entry(event.aggregate).or_insert(event.class);
            assert_eq!(class, event.class, "whoever follows {} would see gaps", event.name);
        }
        classes.retain(|_, class| *class == EventClass::Record);
        let records: Vec<_> = classes.into_keys().collect();
        let expected = [
            "access",
            "consent-notice",
            "contact-confirmation",
            "hole",
            "log",
            "log-key",
            "mail",
            "manifest",
            "password-reset",
            "session",
            "sign-in",
            "token",
        ];
        assert_eq!(records, expected);
    }

    #[test]
    fn no_fact_has_a_field_for_personal_data_or_a_secret() {
        let personal = [
            "email",
            "contact_email",
            "person_name",
            "address",
            "password",
            "client_secret",
            "token",
        ];
        for event in all() {
            let fields = event
                .schema
                .get("properties")
                .and_then(|p| p.as_object())
                .cloned()
                .unwrap_or_default();
            for field in fields.keys() {
                assert!(!personal.contains(&field.as_str()), "{} has {field}", event.name);
            }
        }
    }
}
