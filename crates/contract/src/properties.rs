//! What holds for any text or bytes that the parsers of this crate are given.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::catalogue::{Catalogue, DEFAULT};
use crate::secret::{ApiToken, BearerToken, ClientSecret, LinkToken};
use crate::{
    Actor, AppId, ClientId, Context, Envelope, KeyId, PersonId, Service, TraceParent, Version,
    instant,
};

/// Any JSON of a modest size.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        uuid().prop_map(|id| Actor::Person(PersonId::from_uuid(id))),
        uuid().prop_map(|id| Actor::App(AppId::from_uuid(id))),
        prop::sample::select(Service::ALL.to_vec()).prop_map(Actor::System),
        Just(Actor::Anonymous),
    ]
}

/// An event with attributes and data of all kinds.
fn event() -> impl Strategy<Value = Value> {
    let times = (0_i64..253_402_300_800, 0_u32..1_000_000_000)
        .prop_map(|(seconds, nanos)| chrono::DateTime::from_timestamp(seconds, nanos));
    let ids = (uuid(), uuid(), uuid(), prop::option::of(uuid()));
    (ids, actor(), times, any::<i32>(), any::<String>(), any_json()).prop_map(
        |((id, stream, correlation, organization), actor, time, version, text, data)| {
            json!({
                "specversion": "1.0", "id": id, "source": "/mandate/app-registry",
                "type": "mandate.app.created.v1", "subject": format!("app/{stream}"),
                "time": time, "datacontenttype": "application/json", "dataschema": text,
                "organization": organization, "actor": actor, "authority": text,
                "streamversion": version, "correlationid": correlation, "data": data,
            })
        },
    )
}

proptest! {
    #[test]
    fn no_bytes_bring_an_envelope_to_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let _ = Envelope::parse(&bytes);
    }

    #[test]
    fn no_json_brings_an_envelope_to_panic(json in any_json()) {
        let _ = Envelope::parse(json.to_string().as_bytes());
    }

    /// An event is accepted exactly when its version can be one, and its canonical bytes are a fixed
    /// point from then on: whoever reads and writes them again changes no byte.
    #[test]
    fn an_accepted_event_has_a_version_and_one_canonical_form(event in event()) {
        let parsed = Envelope::parse(event.to_string().as_bytes());
        prop_assert_eq!(parsed.is_ok(), event["streamversion"].as_i64().unwrap() >= 1);
        if let Ok(envelope) = parsed {
            prop_assert!(envelope.streamversion >= Version::FIRST);
            let canonical = envelope.canonical().unwrap();
            let again = Envelope::parse(&canonical).unwrap();
            prop_assert_eq!(again.canonical().unwrap(), canonical);
            prop_assert_eq!(again.nats_subject(), envelope.nats_subject());
        }
    }

    /// A byte of an event that is changed on the way is noticed or harmless, never fatal.
    #[test]
    fn a_damaged_event_does_not_panic(event in event(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = event.to_string().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(envelope) = Envelope::parse(&bytes) {
            let _ = envelope.canonical();
            let _ = envelope.nats_subject();
        }
    }

    /// Whatever is taken for an id is written in one way only.
    #[test]
    fn an_id_has_one_spelling(id in uuid(), text in "[0-9a-fA-F{}urnid:-]{0,48}") {
        let app = AppId::from_uuid(id);
        prop_assert_eq!(app.to_string().parse::<AppId>().unwrap(), app);
        if let Ok(id) = text.parse::<AppId>() {
            prop_assert_eq!(id.to_string().len(), 36);
            prop_assert_eq!(id.to_string().parse::<AppId>().unwrap(), id);
        }
    }

    /// A client id reads back as itself, and no other text is taken for it.
    #[test]
    fn a_client_id_is_only_its_own_text(id in uuid(), text in "\\PC{0,40}|[0-9a-fA-F]{32}") {
        let client = KeyId::from_uuid(id).client_id();
        prop_assert_eq!(client.to_string().parse::<ClientId>().unwrap().key_id(), KeyId::from_uuid(id));
        if let Ok(client) = text.parse::<ClientId>() {
            prop_assert_eq!(client.to_string(), text);
        }
    }

    #[test]
    fn an_actor_reads_back_as_itself(actor in actor(), text in "\\PC{0,48}|(user|app|system)/\\PC{0,40}") {
        prop_assert_eq!(actor.to_string().parse::<Actor>().unwrap(), actor);
        if let Ok(actor) = text.parse::<Actor>() {
            prop_assert_eq!(actor.to_string().parse::<Actor>().unwrap(), actor);
        }
    }

    /// A traceparent goes into events and to other services: it is what it was, or it is refused.
    #[test]
    fn a_traceparent_is_only_its_own_text(text in "\\PC{0,60}|00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|00-[0-9a-fA-F-]{51}") {
        if let Ok(trace) = text.parse::<TraceParent>() {
            prop_assert_eq!(trace.to_string(), text);
        }
    }

    /// Of 32 bytes there is one text that is a secret, so that it has one hash; another kind's
    /// secret is never taken.
    #[test]
    fn a_secret_is_of_one_kind_and_has_one_spelling(bytes: [u8; 32], tail in "[A-Za-z0-9_=+/-]{0,3}") {
        use base64::Engine;
        let random = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
        let text = format!("mandate_pat_{random}");
        prop_assert!(ApiToken::parse(&text).is_ok());
        prop_assert!(ClientSecret::parse(&text).is_err() && LinkToken::parse(&text).is_err());
        prop_assert_eq!(ApiToken::parse(&format!("{text}{tail}")).is_ok(), tail.is_empty());
    }

    #[test]
    fn no_text_brings_a_secret_to_panic(text in "\\PC{0,80}|mandate_(pat|ses|cs|cl)_\\PC{0,60}") {
        let _ = BearerToken::parse(&text);
        if let Ok(secret) = LinkToken::parse(&text) {
            prop_assert_eq!(secret.reveal(), &text);
            prop_assert!(text.ends_with(secret.hint()) && secret.hint().len() == 4);
            let debug = format!("{secret:?}");
            prop_assert!(!debug.contains(secret.hint()));
        }
    }

    #[test]
    fn a_time_stays_within_four_digits_of_years(text in "\\PC{0,40}|[+-]?[0-9]{4,6}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](Z|[+-][0-2][0-9]:[0-5][0-9])") {
        if let Ok(time) = instant::parse(&text) {
            prop_assert_eq!(instant::parse(&time.to_rfc3339()), Ok(time));
        }
    }

    /// A catalogue in which one line was damaged is refused, or consistent: each domain of it can be
    /// asked for on its own, and gives scopes.
    #[test]
    fn an_accepted_catalogue_is_consistent(line in any::<prop::sample::Index>(), put in "\\PC{0,20}|exclusive = true|includes = \\[\"[a-z]{1,9}:read\"\\]") {
        let mut lines: Vec<&str> = DEFAULT.lines().collect();
        let at = line.index(lines.len());
        lines[at] = &put;
        if let Ok(catalogue) = Catalogue::parse(&lines.join("\n")) {
            for (name, service) in &catalogue.services {
                prop_assert!(!service.consent_roles.is_empty());
                for (domain, entry) in &service.domains {
                    prop_assert!(entry.read.is_some() || entry.manage.is_some());
                    for level in [crate::catalogue::Level::Read, crate::catalogue::Level::Manage] {
                        let wanted = crate::catalogue::DomainLevel { domain: domain.clone(), level };
                        let enabled = [format!("{name}/{wanted}")];
                        if entry.level(level).is_some() {
                            let selected = catalogue.select(name, &[wanted], &enabled).unwrap();
                            prop_assert!(!catalogue.scopes(name, &selected).is_empty());
                        }
                    }
                }
            }
        }
    }

    /// The personal part of an event is kept as JSON: what goes in comes out.
    #[test]
    fn a_context_reads_back_as_itself(agent in prop::option::of(any::<String>()), name in prop::option::of(any::<String>())) {
        let context = Context { address: None, user_agent: agent, request_id: None, claimed_name: name, ..Context::default() };
        let json = serde_json::to_vec(&context).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Context>(&json).unwrap(), context);
    }
}
