//! A subscriber, and what comes of adding and removing it: pure.
//!
//! It is a system outside that reads an organization's events from NATS, under a login of its own,
//! through a durable consumer of its own, and can do nothing else there.

use chrono::{DateTime, Utc};
use contract::facts::{self, EventClass, SubscriberAdded, SubscriberRemoved};
use contract::{OrganizationId, SubscriberId, Version};

use crate::password::PasswordHash;

/// How the NATS login and the durable consumer of every subscriber begin: no subscriber's name can
/// be that of a service.
pub(crate) const PREFIX: &str = "subscriber-";

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
    pub version: Version,
}

/// Events that the stream dropped before a subscriber had them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// How many, since it was added: at least so many.
    pub events: u64,
    /// When the last of them was found missing.
    pub last: DateTime<Utc>,
}

/// What was typed to name a subscriber cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSubscriber {
    /// The name becomes a part of subjects.
    #[error("name has 1 to 63 lower-case letters, digits and -, and begins with no -")]
    Name,
    /// It would read nothing.
    #[error("events names none")]
    NoEvents,
    /// No event has this name.
    #[error("events names `{0}`; there are {known}", known = names(EventClass::Fact).join(", "))]
    UnknownEvent(String),
    /// Records do not come over NATS.
    #[error(
        "events names `{0}`, which is a record: it goes to the audit log only. Follow the log instead: \
         GET /v1/events?type=mandate.{0}.v1&after=0, and then after the last_position of each answer"
    )]
    Record(String),
}

/// It was removed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the subscriber was removed already")]
pub(crate) struct RemovedAlready;

impl Subscriber {
    /// Decides on its removal, which is for ever.
    pub(crate) fn remove(
        self,
        now: DateTime<Utc>,
    ) -> Result<(Self, SubscriberRemoved), RemovedAlready> {
        if self.removed_at.is_some() {
            return Err(RemovedAlready);
        }
        let removed =
            SubscriberRemoved { subscriber_id: self.id, organization_id: self.organization_id };
        // The clock of the host that added it may be ahead of this one's.
        let removed_at = Some(now.max(self.created_at));
        Ok((Self { removed_at, version: self.version.next(), ..self }, removed))
    }

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

    /// Those of its events that are records: of an earlier version. They come no more.
    pub fn records(&self) -> Vec<String> {
        let records = names(EventClass::Record);
        self.events.iter().filter(|event| records.contains(event)).cloned().collect()
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
    ///
    /// # Errors
    /// All that is wrong.
    pub fn parse(
        name: &str,
        organization_id: OrganizationId,
        events: &[String],
    ) -> Result<Self, Vec<InvalidSubscriber>> {
        let mut errors = Vec::new();
        let shaped = name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !shaped || name.is_empty() || name.starts_with('-') || name.len() > NAME_CHARS {
            errors.push(InvalidSubscriber::Name);
        }
        if events.is_empty() {
            errors.push(InvalidSubscriber::NoEvents);
        }
        let (facts, records) = (names(EventClass::Fact), names(EventClass::Record));
        if let Some(record) = events.iter().find(|event| records.contains(event)) {
            errors.push(InvalidSubscriber::Record(record.clone()));
        }
        let known = |event: &String| facts.contains(event) || records.contains(event);
        if let Some(unknown) = events.iter().find(|event| !known(event)) {
            errors.push(InvalidSubscriber::UnknownEvent(unknown.clone()));
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

    /// Decides on its addition.
    pub(crate) fn add(
        self,
        id: SubscriberId,
        password_hash: PasswordHash,
        now: DateTime<Utc>,
    ) -> (Subscriber, SubscriberAdded) {
        let added = SubscriberAdded {
            subscriber_id: id,
            organization_id: self.organization_id,
            events: self.events.clone(),
        };
        let subscriber = Subscriber {
            id,
            name: self.name,
            organization_id: self.organization_id,
            events: self.events,
            password_hash,
            created_at: now,
            removed_at: None,
            version: Version::FIRST,
        };
        (subscriber, added)
    }
}

/// All events of a class, as `<aggregate>.<past participle>`.
fn names(class: EventClass) -> Vec<String> {
    let all = facts::all().into_iter().filter(|event| event.class == class);
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

    fn parse(name: &str, events: &[&str]) -> Result<NewSubscriber, Vec<InvalidSubscriber>> {
        let events: Vec<String> = events.iter().map(|event| (*event).to_owned()).collect();
        NewSubscriber::parse(name, OrganizationId::from_uuid(Uuid::nil()), &events)
    }

    fn billing() -> (Subscriber, SubscriberAdded) {
        parse("billing", &["consent.granted"]).unwrap().add(
            SubscriberId::from_uuid(Uuid::nil()),
            PasswordHash("$2a$…".into()),
            DateTime::UNIX_EPOCH,
        )
    }

    #[test]
    fn it_is_added_by_its_first_event_and_removed_by_its_second_once() {
        let (subscriber, added) = billing();
        assert_eq!((subscriber.version, subscriber.removed_at), (Version::FIRST, None));
        assert_eq!(added.subscriber_id, subscriber.id);
        assert_eq!(added.events, ["consent.granted"]);

        let end = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1);
        let (ended, removed) = subscriber.remove(end).unwrap();
        assert_eq!((ended.version.number(), ended.removed_at), (2, Some(end)));
        assert_eq!(removed.subscriber_id, ended.id);
        assert_eq!(ended.remove(end), Err(RemovedAlready));
    }

    #[test]
    fn it_is_not_removed_before_it_was_added_whatever_the_clocks_say() {
        let (subscriber, _) = billing();
        let early = subscriber.created_at - chrono::TimeDelta::minutes(1);
        let (ended, _) = subscriber.remove(early).unwrap();
        assert_eq!(ended.removed_at, Some(ended.created_at));
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
    fn a_record_is_refused_with_the_way_to_read_it() {
        for record in
            ["token.issued", "token.refused", "sign-in.accepted", "session.ended", "access.refused"]
        {
            let refused = parse("siem", &["consent.granted", record]).unwrap_err();
            assert_eq!(refused, [InvalidSubscriber::Record(record.to_owned())]);
            let path = format!("GET /v1/events?type=mandate.{record}.v1");
            assert!(refused[0].to_string().contains(&path), "{}", refused[0]);
        }
    }

    #[test]
    fn a_subscriber_of_before_is_told_which_of_its_events_are_records() {
        let (mut subscriber, _) = billing();
        assert!(subscriber.records().is_empty());
        subscriber.events.push("token.issued".to_owned());
        assert_eq!(subscriber.records(), ["token.issued"]);
    }

    #[test]
    fn events_are_kept_once_each_in_order() {
        let new = parse("billing-2", &["consent.revoked", "consent.granted", "consent.revoked"]);
        assert_eq!(new.unwrap().events, ["consent.granted", "consent.revoked"]);
    }

    #[test]
    fn its_login_reaches_its_consumer_and_its_inbox_and_nothing_else() {
        let (subscriber, _) = billing();
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
