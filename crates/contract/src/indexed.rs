//! What an index of the log has of an event: by what events are searched. How it follows from the event is said here,
//! once: whoever keeps an index writes this, and whoever verifies one compares with it.

use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::actor::Actor;
use crate::envelope::{Envelope, EnvelopeError, Version};
use crate::facts::record_types;
use crate::ids::{AccountId, AppId, CorrelationId, EventId, Id, OrganizationId, PersonId, Service};

/// What is indexed of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    /// The event.
    pub event_id: EventId,
    /// The kind of its stream.
    pub stream_kind: String,
    /// The id of its stream.
    pub stream_id: Uuid,
    /// Its place in the stream.
    pub version: Version,
    /// Its type.
    pub kind: String,
    /// Who recorded it.
    pub source: Service,
    /// On whose behalf; of what is on nobody's, whom the fact names.
    pub organization: Option<OrganizationId>,
    /// The app that it concerns.
    pub app_id: Option<AppId>,
    /// The account that it concerns.
    pub account_id: Option<AccountId>,
    /// The person whom it concerns.
    pub person_id: Option<PersonId>,
    /// Who did it.
    pub actor: Actor,
    /// What belongs together.
    pub correlation_id: CorrelationId,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
}

/// The columns of an index's row, each by its name and as text: in this form rows are compared, whatever a table has.
pub type IndexColumns = [(&'static str, Option<String>); 14];

/// A row of an index as it is, whatever it says.
#[derive(Debug)]
pub struct IndexRow {
    /// The entry's position, counted from 1; of a row without one, none that an entry has.
    pub position: i64,
    /// The entry that it has.
    pub envelope: Vec<u8>,
    /// What it has of it.
    pub columns: IndexColumns,
    /// When it was recorded, in the form of [`IndexColumns`]. No entry says it.
    pub recorded_at: Option<String>,
}

/// When what is in a span of the log happened, as an index says: a search by time looks in no other spans than those that
/// may have it.
#[derive(Debug, Clone)]
pub struct IndexSpan {
    /// Which of the spans: the positions divided by [`INDEX_SPAN`].
    pub span: i64,
    /// The earliest time, in the form of [`IndexColumns`].
    pub earliest: Option<String>,
    /// The latest.
    pub latest: Option<String>,
}

impl Indexed {
    /// What is indexed of this event.
    ///
    /// # Errors
    /// When its subject is none.
    pub fn of(envelope: &Envelope) -> Result<Self, EnvelopeError> {
        let (stream_kind, stream_id) = envelope.stream()?;
        Ok(Self {
            event_id: envelope.id,
            stream_kind: stream_kind.to_owned(),
            stream_id,
            version: envelope.streamversion,
            kind: envelope.kind.clone(),
            source: envelope.source,
            organization: envelope.organization.or_else(|| id_in_fact(envelope, "organization_id")),
            app_id: id_in_fact(envelope, "app_id").or_else(|| id_of_target(envelope, "app")),
            account_id: id_in_fact(envelope, "account_id")
                .or_else(|| id_of_target(envelope, "account")),
            person_id: id_in_fact(envelope, "person_id")
                .or_else(|| id_of_target(envelope, "person")),
            actor: envelope.actor,
            correlation_id: envelope.correlationid,
            occurred_at: envelope.time,
        })
    }

    /// Whether it is the record that an app leaves of itself, such as a token: what there are thousands of a
    /// second. `migrations/audit/0002_history.sql` says what that means for the index.
    pub fn is_bulk(&self) -> bool {
        self.organization.is_some()
            && self.account_id.is_none()
            && self.app_id.is_some_and(|app| self.actor == Actor::App(app))
            && record_types().contains(&self.kind)
    }

    /// Its columns.
    pub fn columns(&self) -> IndexColumns {
        [
            ("event_id", Some(self.event_id.to_string())),
            ("stream_kind", Some(self.stream_kind.clone())),
            ("stream_id", Some(self.stream_id.to_string())),
            ("version", Some(self.version.to_string())),
            ("type", Some(self.kind.clone())),
            ("source", Some(self.source.name().to_owned())),
            ("organization", id_column(self.organization)),
            ("app_id", id_column(self.app_id)),
            ("account_id", id_column(self.account_id)),
            ("person_id", id_column(self.person_id)),
            ("actor", Some(self.actor.to_string())),
            ("correlation_id", Some(self.correlation_id.to_string())),
            ("occurred_at", Some(time_column(self.occurred_at))),
            ("bulk", Some(self.is_bulk().to_string())),
        ]
    }
}

/// So many positions are a span: of each an index has the earliest and the latest time of what is in it
/// (`audit.spans`), and a search by time looks in no other.
pub const INDEX_SPAN: i64 = 4096;

/// A time as [`IndexColumns`] have it.
fn time_column(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn id_column<I: Id>(id: Option<I>) -> Option<String> {
    id.map(|id| id.uuid().to_string())
}

/// The id that the fact has under this name.
fn id_in_fact<I: FromStr>(envelope: &Envelope, field: &str) -> Option<I> {
    envelope.data.get(field).and_then(Value::as_str).and_then(|text| text.parse().ok())
}

/// The id of what a refused attempt was aimed at, if it is of this kind.
fn id_of_target<I: FromStr>(envelope: &Envelope, kind: &str) -> Option<I> {
    let target = envelope.data.get("target").and_then(Value::as_str)?;
    target.strip_prefix(kind)?.strip_prefix('/')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::{Commitments, EventHeader};
    use crate::environment::Environment;
    use crate::facts::AppSuspended;
    use crate::provenance::Provenance;

    fn indexed() -> Indexed {
        let environment = Environment::system();
        let app_id = AppId::from_uuid(Uuid::from_u128(6));
        let header = EventHeader {
            id: environment.new_id(),
            stream: app_id.uuid(),
            version: Version::FIRST,
            time: environment.now(),
            source: Service::AppRegistry,
        };
        let organization = Some(OrganizationId::from_uuid(Uuid::from_u128(1)));
        let provenance =
            Provenance::system(Service::AppRegistry, organization, environment.new_id());
        let fact = AppSuspended { app_id };
        let envelope = Envelope::of(&header, &provenance, Commitments::default(), &fact).unwrap();
        Indexed::of(&envelope).unwrap()
    }

    #[test]
    fn bulk_is_what_an_app_records_of_itself_and_nothing_else() {
        let app = AppId::from_uuid(Uuid::from_u128(6));
        let token = Indexed {
            kind: "mandate.token.issued.v1".to_owned(),
            app_id: Some(app),
            actor: Actor::App(app),
            ..indexed()
        };
        assert!(token.is_bulk());
        let other = AppId::from_uuid(Uuid::from_u128(7));
        for not_bulk in [
            Indexed { kind: "mandate.app.edited.v1".to_owned(), ..token.clone() },
            Indexed { kind: "mandate.unicorn.issued.v1".to_owned(), ..token.clone() },
            Indexed { organization: None, ..token.clone() },
            Indexed { app_id: None, ..token.clone() },
            Indexed { account_id: Some(AccountId::from_uuid(Uuid::from_u128(8))), ..token.clone() },
            Indexed { actor: Actor::App(other), ..token.clone() },
            Indexed { actor: Actor::Anonymous, ..token },
        ] {
            assert!(!not_bulk.is_bulk(), "{not_bulk:?}");
        }
    }

    #[test]
    fn every_column_is_there_under_its_name() {
        let columns = indexed().columns();
        let of = |name| columns.iter().find(|(it, _)| *it == name).unwrap().1.as_deref();
        assert_eq!(of("app_id"), Some("00000000-0000-0000-0000-000000000006"));
        assert_eq!((of("account_id"), of("source")), (None, Some("app-registry")));
        assert_eq!((of("version"), of("bulk")), (Some("1"), Some("false")));
    }
}
