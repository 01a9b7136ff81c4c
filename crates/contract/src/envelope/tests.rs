//! Events as bytes.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::environment::{Environment, ManualClock};
use crate::facts::AppArchived;
use crate::ids::AppId;

fn envelope() -> Envelope {
    let time = DateTime::from_timestamp(1_700_000_000, 120_000).unwrap();
    let environment = Environment::with_clock(Arc::new(ManualClock::starting_at(time)));
    let app: AppId = environment.new_id();
    let mut provenance =
        Provenance::system(Service::AppRegistry, Some(environment.new_id()), environment.new_id());
    provenance.traceparent = Some(TraceParent::start(&environment));
    let header = EventHeader {
        id: environment.new_id(),
        stream: app.uuid(),
        version: Version::new(3).unwrap(),
        time: environment.now(),
        source: Service::AppRegistry,
    };
    Envelope::of(&header, &provenance, Commitments::default(), &AppArchived { app_id: app })
        .unwrap()
}

#[test]
fn the_canonical_bytes_read_back_and_come_out_the_same() {
    let envelope = envelope();
    let bytes = envelope.canonical().unwrap();
    let read = Envelope::parse(&bytes).unwrap();
    assert_eq!(read, envelope);
    assert_eq!(read.canonical().unwrap(), bytes);
    assert!(
        bytes.starts_with(
            br#"{"actor":"system/app-registry","authority":"system","correlationid":"#
        )
    );
}

#[test]
fn times_have_microseconds_and_end_in_z() {
    let text = String::from_utf8(envelope().canonical().unwrap()).unwrap();
    assert!(text.contains(r#""time":"2023-11-14T22:13:20.000120Z""#), "{text}");
}

#[test]
fn the_subject_on_nats_names_organization_aggregate_event_and_id() {
    let envelope = envelope();
    let organization = envelope.organization.unwrap();
    let expected = format!("mandate.events.{organization}.app.archived.{}", envelope.stream_id());
    assert_eq!(envelope.nats_subject(), expected);
}

#[test]
fn an_event_over_the_limit_is_refused() {
    let mut envelope = envelope();
    envelope.data = serde_json::json!({ "text": "x".repeat(MAX_EVENT_BYTES) });
    assert!(
        matches!(envelope.canonical(), Err(EnvelopeError::TooLarge { size }) if size > MAX_EVENT_BYTES)
    );
}

#[test]
fn another_type_or_subject_is_refused() {
    let mut envelope = envelope();
    envelope.kind = "mandate.app.created.v1".into();
    assert!(envelope.fact::<AppArchived>().is_err());
    envelope.subject = "app".into();
    assert!(Envelope::parse(&serde_json::to_vec(&envelope).unwrap()).is_err());
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        any::<f64>().prop_map(|number| serde_json::json!(number)),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            // In any order: `serde_json` may keep it.
            proptest::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_bytes_are_those_of_a_canonicalizer_whatever_the_fact(data in json()) {
        let envelope = Envelope { data, ..envelope() };
        let expected = serde_json_canonicalizer::to_vec(&envelope).unwrap();
        prop_assert_eq!(String::from_utf8(envelope.canonical().unwrap()), String::from_utf8(expected));
    }
}
