//! A subscriber: a system outside that reads an organization's events from NATS, under a login of
//! its own, through a durable consumer of its own, and can do nothing else there.

use chrono::{DateTime, Utc};
use contract::{OrganizationId, SubscriberId, facts};

use crate::fields::FieldError;

/// How the NATS login and the durable consumer of every subscriber begin: no subscriber's name can
/// be that of a service.
pub const PREFIX: &str = "subscriber-";

/// The stream that subscribers read.
pub const STREAM: &str = eventstore::transport::EVENTS;

/// The most characters of a name.
const NAME_CHARS: usize = 63;

/// A subscriber as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscriber {
    /// Its id.
    pub id: SubscriberId,
    /// What it is called. Never used for another, even after its removal.
    pub name: String,
    /// Whose events it reads.
    pub organization_id: OrganizationId,
    /// Which events, as `<aggregate>.<past participle>`.
    pub events: Vec<String>,
    /// The bcrypt hash of its password.
    pub password_hash: PasswordHash,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was removed.
    pub removed_at: Option<DateTime<Utc>>,
    /// The version of its last event.
    pub version: i64,
}

/// A bcrypt hash, in the form that nats-server's configuration takes.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl Subscriber {
    /// Its NATS login, which is its durable consumer's name too.
    pub fn login(&self) -> String {
        format!("{PREFIX}{}", self.name)
    }

    /// What the subjects of its inboxes begin with. Clients have to be told: the inboxes that they
    /// choose by themselves could be anybody's.
    pub fn inbox_prefix(&self) -> String {
        format!("_INBOX.{}", self.login())
    }

    /// The subjects of the events that it reads.
    pub fn subjects(&self) -> Vec<String> {
        let organization = self.organization_id;
        let subject = |event| format!("mandate.events.{organization}.{event}.>");
        self.events.iter().map(subject).collect()
    }

    /// What its login may publish: requests to its consumer for messages, and acknowledgements.
    pub fn may_publish(&self) -> Vec<String> {
        let login = self.login();
        vec![
            format!("$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{login}"),
            format!("$JS.ACK.{STREAM}.{login}.>"),
        ]
    }

    /// What its login may subscribe to: the answers to its requests, as which events come too.
    pub fn may_subscribe(&self) -> Vec<String> {
        vec![format!("{}.>", self.inbox_prefix())]
    }
}

/// A subscriber that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubscriber {
    /// What it shall be called.
    pub name: String,
    /// Whose events it shall read.
    pub organization_id: OrganizationId,
    /// Which.
    pub events: Vec<String>,
}

impl NewSubscriber {
    /// Checks the fields: the name becomes a part of subjects, the events must be ones there are.
    pub fn parse(
        name: &str,
        organization_id: OrganizationId,
        events: &[String],
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let shaped = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !shaped || name.is_empty() || name.starts_with('-') || name.len() > NAME_CHARS {
            let rule = "has 1 to 63 lower-case letters, digits and -, and begins with no -";
            errors.push(FieldError::new("name", rule));
        }
        if events.is_empty() {
            errors.push(FieldError::new("events", "names none"));
        }
        let known = known_events();
        for event in events {
            if !known.contains(event) {
                let problem = format!("names `{event}`; there are {}", known.join(", "));
                errors.push(FieldError::new("events", problem));
                break;
            }
        }
        let mut events = events.to_vec();
        events.sort();
        events.dedup();
        if errors.is_empty() {
            Ok(Self { name: name.to_owned(), organization_id, events })
        } else {
            Err(errors)
        }
    }
}

/// All events, as `<aggregate>.<past participle>`.
fn known_events() -> Vec<String> {
    let all = facts::all().into_iter();
    all.filter_map(|event| {
        let short = event.name.strip_prefix("mandate.")?.rsplit_once('.')?.0;
        Some(short.to_owned())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn parse(name: &str, events: &[&str]) -> Result<NewSubscriber, Vec<FieldError>> {
        let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
        NewSubscriber::parse(name, OrganizationId::from_uuid(Uuid::nil()), &events)
    }

    #[test]
    fn a_name_or_event_that_would_widen_a_subject_is_refused() {
        for name in ["", "*", ">", "a.b", "a b", "-a", "A", "é", &"a".repeat(64)] {
            assert!(parse(name, &["consent.granted"]).is_err(), "{name}");
        }
        for event in ["consent.*", ">", "consent", "consent.granted.>", ""] {
            assert!(parse("billing", &[event]).is_err(), "{event}");
        }
        assert!(parse("billing", &[]).is_err());
    }

    #[test]
    fn events_are_kept_once_each_in_order() {
        let new = parse("billing-2", &["consent.revoked", "consent.granted", "consent.revoked"]);
        assert_eq!(new.unwrap().events, ["consent.granted", "consent.revoked"]);
    }

    #[test]
    fn its_login_reaches_its_consumer_and_its_inbox_and_nothing_else() {
        let subscriber = Subscriber {
            id: SubscriberId::from_uuid(Uuid::nil()),
            name: "billing".into(),
            organization_id: OrganizationId::from_uuid(Uuid::nil()),
            events: vec!["consent.granted".into()],
            password_hash: PasswordHash("$2a$…".into()),
            created_at: DateTime::UNIX_EPOCH,
            removed_at: None,
            version: 1,
        };
        assert_eq!(
            subscriber.may_publish(),
            [
                "$JS.API.CONSUMER.MSG.NEXT.EVENTS.subscriber-billing",
                "$JS.ACK.EVENTS.subscriber-billing.>",
            ]
        );
        assert_eq!(subscriber.may_subscribe(), ["_INBOX.subscriber-billing.>"]);
        assert_eq!(
            subscriber.subjects(),
            ["mandate.events.00000000-0000-0000-0000-000000000000.consent.granted.>"]
        );
    }
}
