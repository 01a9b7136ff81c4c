//! Log entries: an event's bytes, and what is indexed of it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contract::facts::{LogContinued, LogKeyReplaced, ManifestWritten};
use contract::{
    AccountId, Actor, AppId, CorrelationId, Envelope, EnvelopeError, EventId, Fact as _, Indexed,
    OrganizationId, PersonId, Sealed, Service, Version, kinds,
};
use translog::VerifierKey;
use uuid::Uuid;

use crate::part::{MismatchedPart, Part, PartState, Parts};
use crate::stream::{StreamHead, StreamPosition};

/// An event that is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) event_id: EventId,
    pub(crate) stream_kind: String,
    pub(crate) stream_id: Uuid,
    pub(crate) version: Version,
    pub(crate) kind: String,
    pub(crate) source: Service,
    pub(crate) organization: Option<OrganizationId>,
    pub(crate) app_id: Option<AppId>,
    pub(crate) account_id: Option<AccountId>,
    pub(crate) person_id: Option<PersonId>,
    pub(crate) actor: Actor,
    pub(crate) correlation_id: CorrelationId,
    pub(crate) occurred_at: DateTime<Utc>,
    /// Whether it is what an app records of itself: [`Indexed::is_bulk`].
    pub(crate) bulk: bool,
    /// The bytes as they came, never serialized a second time.
    pub(crate) envelope: Bytes,
    /// What is kept beside it.
    pub(crate) parts: Parts<PartState>,
}

impl Entry {
    /// Reads the bytes of an event. The parts that it commits to are to come.
    pub(crate) fn read(bytes: Bytes) -> Result<Self, (EnvelopeError, Bytes)> {
        let envelope = match Envelope::parse(&bytes) {
            // What Postgres could not take as text would hold up every other event of its batch.
            Ok(envelope) if !envelope.kind.split('.').all(is_word) => {
                return Err((
                    EnvelopeError::OtherType { expected: "mandate.*", found: envelope.kind },
                    bytes,
                ));
            }
            Ok(_) if bytes.len() > contract::MAX_EVENT_BYTES => {
                return Err((EnvelopeError::TooLarge { size: bytes.len() }, bytes));
            }
            Ok(envelope) => envelope,
            Err(error) => return Err((error, bytes)),
        };
        if let Err(error) = check(&envelope, &bytes) {
            return Err((error, bytes));
        }
        let indexed = match Indexed::of(&envelope) {
            Ok(indexed) => indexed,
            Err(error) => return Err((error, bytes)),
        };
        let parts = Parts::each(|part| match part.commitment(&envelope) {
            Some(commitment) => PartState::Awaited(commitment),
            None => PartState::Absent,
        });
        Ok(Self {
            bulk: indexed.is_bulk(),
            event_id: indexed.event_id,
            stream_kind: indexed.stream_kind,
            stream_id: indexed.stream_id,
            version: indexed.version,
            kind: indexed.kind,
            source: indexed.source,
            organization: indexed.organization,
            app_id: indexed.app_id,
            account_id: indexed.account_id,
            person_id: indexed.person_id,
            actor: indexed.actor,
            correlation_id: indexed.correlation_id,
            occurred_at: indexed.occurred_at,
            envelope: bytes,
            parts,
        })
    }

    /// Its stream and its version.
    pub(crate) fn stream_position(&self) -> StreamPosition {
        StreamPosition { stream_id: self.stream_id, version: self.version }
    }

    /// Whether the stream with this head is its stream: ids alone do not say so.
    pub(crate) fn is_in_stream_of(&self, head: &StreamHead) -> bool {
        self.stream_kind == head.kind && self.source == head.source
    }

    /// Whether it is what only this service may record.
    pub(crate) fn is_of(&self, service: Service) -> bool {
        self.source == service && service.aggregates().contains(&&*self.stream_kind)
    }

    /// Whether this part is still to come.
    pub(crate) fn awaits(&self, part: Part) -> bool {
        matches!(self.parts.of(part), PartState::Awaited(_))
    }

    /// Whether any part is still to come.
    pub(crate) fn awaits_parts(&self) -> bool {
        Part::ALL.into_iter().any(|part| self.awaits(part))
    }

    /// The entry with the parts that came with it, as far as the event commits to them. Nothing more is to
    /// come: a part that did not come with its event is one that its producer has no more.
    pub(crate) fn with_parts(mut self, came: Parts<Option<Sealed>>) -> (Self, Vec<MismatchedPart>) {
        let mut mismatched = Vec::new();
        for (part, sealed) in [(Part::Context, came.context), (Part::Details, came.details)] {
            let state = self.parts.of_mut(part);
            *state = match (&*state, sealed) {
                (PartState::Awaited(commitment), Some(sealed)) if *commitment == sealed.hash() => {
                    PartState::Delivered(sealed)
                }
                (_, Some(sealed)) => {
                    mismatched.push(MismatchedPart { part, sealed });
                    PartState::Absent
                }
                (_, None) => PartState::Absent,
            };
        }
        (self, mismatched)
    }
}

/// Whether it is an event to whoever verifies the log. What is not is never recorded: nobody could take it out again.
fn check(envelope: &Envelope, bytes: &[u8]) -> Result<(), EnvelopeError> {
    if !envelope.is_canonically(bytes) {
        return Err(EnvelopeError::NotCanonical);
    }
    let (stream_kind, _) = envelope.stream()?;
    if !kinds::is_stream_kind(stream_kind.as_bytes()) || !envelope.is_subject_canonical() {
        return Err(EnvelopeError::Subject(envelope.subject.chars().take(100).collect()));
    }
    if kinds::stream_kind(&envelope.kind).is_none_or(|(kind, _)| kind != stream_kind) {
        let (kind, stream_kind) = (envelope.kind.clone(), stream_kind.to_owned());
        return Err(EnvelopeError::Misplaced { kind, stream_kind });
    }
    let impossible = |kind, what| EnvelopeError::Impossible { kind, what };
    match envelope.kind.as_str() {
        ManifestWritten::TYPE => {
            let manifest: ManifestWritten = envelope.fact()?;
            manifest.check().map_err(|what| impossible(ManifestWritten::TYPE, what))?;
        }
        LogContinued::TYPE => drop(envelope.fact::<LogContinued>()?),
        LogKeyReplaced::TYPE => {
            let said: LogKeyReplaced = envelope.fact()?;
            let is_key =
                |text: &str| text.parse().is_ok_and(|key: VerifierKey| key.to_string() == text);
            if !is_key(&said.verifier_key) || !is_key(&said.replaced_verifier_key) {
                return Err(impossible(LogKeyReplaced::TYPE, "names what is no verifier key"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether this is a word of an event type: lower-case letters, digits and hyphens.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
pub(crate) mod tests {
    use contract::envelope::{Commitments, EventHeader};
    use contract::facts::{
        AccessRefused, AppSuspended, ConsentEndReason, ConsentRevoked, RefusedBecause,
    };
    use contract::{Context, Environment, Fact, GrantId, Provenance};

    use super::*;

    /// The bytes of an event at this version of a stream.
    pub(crate) fn event<F: Fact>(stream: Uuid, version: i64, fact: &F) -> Bytes {
        let environment = Environment::system();
        let provenance = Provenance::system(
            Service::AppRegistry,
            Some(OrganizationId::from_uuid(Uuid::from_u128(1))),
            environment.new_id(),
        );
        let header = EventHeader {
            id: environment.new_id(),
            stream,
            version: Version::new(version).unwrap(),
            time: environment.now(),
            source: Service::AppRegistry,
        };
        Envelope::of(&header, &provenance, Commitments::default(), fact)
            .unwrap()
            .canonical()
            .unwrap()
            .into()
    }

    /// An entry at this version of a stream of an app.
    pub(crate) fn entry(stream: u128, version: i64) -> Entry {
        let stream = Uuid::from_u128(stream);
        Entry::read(event(stream, version, &AppSuspended { app_id: AppId::from_uuid(stream) }))
            .unwrap()
    }

    #[test]
    fn what_an_event_concerns_is_read_from_its_fact() {
        let fact = ConsentRevoked {
            grant_id: GrantId::from_uuid(Uuid::from_u128(5)),
            app_id: AppId::from_uuid(Uuid::from_u128(6)),
            account_id: AccountId::from_uuid(Uuid::from_u128(7)),
            reason: ConsentEndReason::Requested,
        };
        let bytes = event(fact.grant_id.uuid(), 2, &fact);
        let entry = Entry::read(bytes.clone()).unwrap();
        assert_eq!(entry.app_id, Some(fact.app_id));
        assert_eq!(entry.account_id, Some(fact.account_id));
        assert_eq!(entry.person_id, None);
        assert_eq!(
            (entry.stream_kind.as_str(), entry.stream_id, entry.version.number()),
            ("consent", fact.grant_id.uuid(), 2)
        );
        assert_eq!(entry.envelope, bytes, "the bytes are kept as they came");
    }

    #[test]
    fn a_refused_attempt_concerns_what_it_was_aimed_at() {
        let app = Uuid::from_u128(9);
        let fact = AccessRefused {
            operation: "app.activate".into(),
            target: format!("app/{app}"),
            reason: RefusedBecause::RoleNotAllowed,
            counted: None,
            counted_since: None,
        };
        let entry = Entry::read(event(Uuid::from_u128(10), 1, &fact)).unwrap();
        assert_eq!(entry.app_id, Some(AppId::from_uuid(app)));
        assert_eq!(entry.account_id, None);
    }

    #[test]
    fn what_is_no_event_is_given_back() {
        let (_, bytes) = Entry::read(Bytes::from_static(b"{}")).unwrap_err();
        assert_eq!(bytes, "{}");
    }

    #[test]
    fn what_verifiers_would_call_no_event_is_never_recorded() {
        let app = Uuid::from_u128(6);
        let good = event(app, 1, &AppSuspended { app_id: AppId::from_uuid(app) });
        let changed = |change: fn(&mut Envelope)| {
            let mut envelope = Envelope::parse(&good).unwrap();
            change(&mut envelope);
            Bytes::from(envelope.canonical().unwrap())
        };
        let spaced = String::from_utf8(good.to_vec()).unwrap().replacen(':', ": ", 1);
        let doubled =
            String::from_utf8(good.to_vec()).unwrap().replacen('{', r#"{"a":1,"a":1,"#, 1);
        for (bytes, why) in [
            (spaced.into(), "not in canonical form"),
            (doubled.into(), "not in canonical form"),
            (changed(|it| it.subject = it.subject.replace('-', "")), "is not <aggregate>/<id>"),
            (changed(|it| it.subject = it.subject.replacen("app", "app7", 1)), "<aggregate>/<id>"),
            (
                changed(|it| it.kind = "mandate.consent.granted.v1".to_owned()),
                "a mandate.consent.granted.v1, which does not belong in a stream of app",
            ),
            (changed(|it| it.kind = "mandate.app.v1".to_owned()), "does not belong"),
            (
                changed(|it| {
                    it.kind = ManifestWritten::TYPE.to_owned();
                    it.subject = it.subject.replacen("app", "manifest", 1);
                }),
                "missing field",
            ),
            (
                changed(|it| {
                    it.kind = LogKeyReplaced::TYPE.to_owned();
                    it.subject = it.subject.replacen("app", "log-key", 1);
                }),
                "missing field",
            ),
        ] {
            let (error, given_back) = Entry::read(bytes.clone()).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(given_back, bytes);
        }
        // Of a later version is no fault.
        let later = changed(|it| it.kind = "mandate.app.frozen.v3".to_owned());
        assert!(Entry::read(later).is_ok());
    }

    #[test]
    fn only_the_parts_that_an_event_commits_to_are_taken() {
        let environment = Environment::system();
        let seal = || Sealed::seal(&Context::default(), &environment);
        for part in Part::ALL {
            let (own, other) = (seal(), seal());
            let came = |sealed: &Sealed| Parts::each(|of| (of == part).then(|| sealed.clone()));
            let mut committed = entry(1, 1);
            *committed.parts.of_mut(part) = PartState::Awaited(own.hash());
            assert!(committed.awaits(part));

            let (with, mismatched) = committed.clone().with_parts(came(&own));
            assert_eq!(with.parts.of(part), &PartState::Delivered(own.clone()));
            assert_eq!(mismatched, []);

            let (without, mismatched) = committed.clone().with_parts(came(&other));
            assert_eq!(without.parts, Parts::each(|_| PartState::Absent));
            assert_eq!(mismatched, [MismatchedPart { part, sealed: other }]);

            let (without, mismatched) = committed.with_parts(Parts::default());
            assert_eq!(without.parts, Parts::each(|_| PartState::Absent));
            assert_eq!(mismatched, []);

            let (_, mismatched) = entry(1, 1).with_parts(came(&own));
            assert_eq!(mismatched, [MismatchedPart { part, sealed: own }]);
        }
    }

    #[test]
    fn one_part_is_not_taken_for_the_other() {
        let sealed = Sealed::seal(&Context::default(), &Environment::system());
        let mut entry = entry(1, 1);
        entry.parts.context = PartState::Awaited(sealed.hash());
        let came = Parts { context: None, details: Some(sealed.clone()) };
        let (entry, mismatched) = entry.with_parts(came);
        assert_eq!(entry.parts, Parts::each(|_| PartState::Absent));
        assert_eq!(mismatched, [MismatchedPart { part: Part::Details, sealed }]);
    }
}
