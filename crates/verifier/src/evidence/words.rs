//! An event in words. People, apps and accounts are ids in it: what they are called is kept beside the events, and
//! no evidence has it.

use contract::{Actor, Envelope};
use serde_json::Value;

use super::types::{self, Untold};

/// So many characters of a value are told, and so many fields of an event: the rest is in the entry.
const LONGEST: usize = 500;
const MOST_FIELDS: usize = 30;

/// What happened, in a sentence.
pub(super) fn tell(event: &Envelope) -> String {
    let by = by(event);
    match types::of(event) {
        Ok(("consent", what)) => consent(event, what, &by),
        Ok(("consent-link", what)) => link(event, what, &by),
        Ok(("app", what)) => app(event, what, &by),
        Ok((kind, what)) => other(event, kind, what, &by),
        Err(Untold::Unknown) => format!(
            "This page does not know the type {}: what such an event says is in the entry alone; {by}.",
            word(&event.kind)
        ),
        Err(Untold::Misplaced) => format!(
            "An event of the type {} does not belong into the stream {} of the service {}: do not take it for one; {by}.",
            word(&event.kind),
            word(&event.subject),
            event.source,
        ),
    }
}

fn consent(event: &Envelope, what: &str, by: &str) -> String {
    let id = |field: &str| text(event, field);
    match what {
        "granted" => format!(
            "Person {} allowed app {} to use, for account {}, {} of {}, by the role {} on the account, through link {}{}.",
            id("person_id"),
            id("app_id"),
            id("account_id"),
            domains(event),
            service(event),
            id("role"),
            id("link_id"),
            until(event),
        ),
        "renewed" => format!(
            "Person {} renewed the consent of account {} to app {}, by the role {}{}.",
            id("person_id"),
            id("account_id"),
            id("app_id"),
            id("role"),
            until(event),
        ),
        "revoked" => format!(
            "The consent of account {} to app {} ended by revocation ({}), {by}.",
            id("account_id"),
            id("app_id"),
            id("reason"),
        ),
        "expired" => format!(
            "The consent of account {} to app {} ended by itself at {}.",
            id("account_id"),
            id("app_id"),
            id("expired_at"),
        ),
        what => other(event, "consent", what, by),
    }
}

fn link(event: &Envelope, what: &str, by: &str) -> String {
    let id = |field: &str| text(event, field);
    match what {
        "created" => format!(
            "A link was made by which app {} asks for consent, to be used until {}, {by}.",
            id("app_id"),
            id("expires_at"),
        ),
        "opened" => format!("Person {} opened the link.", id("person_id")),
        "passed-on" => format!(
            "Person {} passed the link on to person {}.",
            id("from_person_id"),
            id("to_person_id"),
        ),
        "redeemed" => format!(
            "Person {} approved: the link is used up, and {} accounts consent by it.",
            id("person_id"),
            id("granted_count"),
        ),
        "denied" => format!("Person {} denied: the link is used up.", id("person_id")),
        what => other(event, "consent-link", what, by),
    }
}

/// The app is the one whose stream it is, whatever else the event says.
fn app(event: &Envelope, what: &str, by: &str) -> String {
    match what {
        "created" => format!(
            "App {} was created by organization {}; it asked for {} of {}; {by}.",
            event.stream_id(),
            text(event, "organization_id"),
            domains(event),
            service(event),
        ),
        "edited" => format!(
            "App {} was changed: it asked for {} of {}; {by}.",
            event.stream_id(),
            domains(event),
            service(event),
        ),
        what => other(event, "app", what, by),
    }
}

/// Who did it, and why they were allowed.
fn by(event: &Envelope) -> String {
    let who = match event.actor {
        Actor::Person(person) => format!("person {person}"),
        Actor::App(app) => format!("app {app}"),
        Actor::System(service) => format!("the service {service}"),
        Actor::Anonymous => "somebody who proved nothing".to_owned(),
    };
    format!("done by {who} as {}", word(event.authority.as_str()))
}

/// An event that has no sentence of its own: its name and its fields.
fn other(event: &Envelope, kind: &str, what: &str, by: &str) -> String {
    let all = event.data.as_object().into_iter().flatten();
    let fields = all.clone().take(MOST_FIELDS);
    let fields = fields.map(|(name, value)| format!("{}: {}", word(name), plain(value)));
    let mut fields: Vec<_> = fields.collect();
    let more = all.count() - fields.len();
    if more > 0 {
        fields.push(format!("and {more} more"));
    }
    let what = format!("{kind} {what}").replace('-', " ");
    if fields.is_empty() {
        format!("{what}; {by}.")
    } else {
        format!("{what} ({}); {by}.", fields.join(", "))
    }
}

fn text(event: &Envelope, field: &str) -> String {
    event.data.get(field).map_or_else(|| "(not said)".to_owned(), plain)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => word(text),
        Value::Null => "none".to_owned(),
        value => cut(&value.to_string()),
    }
}

/// Text that somebody else chose, in a sentence of ours: a word as it is, and anything else in quotes, with those in it
/// escaped, so that it never reads as if we said it.
pub(super) fn word(text: &str) -> String {
    let is_of_word = |it: u8| it.is_ascii_alphanumeric() || b"-_.:/+=".contains(&it);
    if !text.is_empty() && text.len() <= LONGEST && text.bytes().all(is_of_word) {
        return text.to_owned();
    }
    let quoted = Value::from(text).to_string();
    if quoted.chars().count() <= LONGEST { quoted } else { format!("{}\"", cut(&quoted)) }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn service(event: &Envelope) -> String {
    match event.data.get("service") {
        Some(Value::String(service)) => format!("the service {}", word(service)),
        _ => "a service that was not chosen yet".to_owned(),
    }
}

fn domains(event: &Envelope) -> String {
    let all = event.data.get("domains").and_then(Value::as_array).into_iter().flatten();
    let domains = all.map(|domain| {
        let of = |name| domain.get(name).map_or_else(String::new, plain);
        format!("{} ({})", of("domain"), of("level"))
    });
    let domains: Vec<_> = domains.collect();
    if domains.is_empty() { "nothing".to_owned() } else { domains.join(", ") }
}

fn until(event: &Envelope) -> String {
    match event.data.get("expires_at") {
        Some(time) => format!(", until {}", plain(time)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use contract::envelope::{Commitments, EventHeader};
    use contract::facts::{AppSuspended, ConsentEndReason, ConsentRevoked, Fact};
    use contract::{AccountId, AppId, Environment, GrantId, Provenance, Service, Version};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn event<F: Fact>(source: Service, fact: &F) -> Envelope {
        let environment = Environment::system();
        let header = EventHeader {
            id: environment.new_id(),
            stream: Uuid::from_u128(1),
            version: Version::FIRST,
            time: environment.now(),
            source,
        };
        let provenance = Provenance::system(Service::ConsentBroker, None, environment.new_id());
        Envelope::of(&header, &provenance, Commitments::default(), fact).unwrap()
    }

    #[test]
    fn a_consent_that_ended_is_told_with_whose_it_was_and_why() {
        let (grant_id, app_id, account_id) = (
            GrantId::from_uuid(Uuid::from_u128(1)),
            AppId::from_uuid(Uuid::from_u128(2)),
            AccountId::from_uuid(Uuid::from_u128(3)),
        );
        let reason = ConsentEndReason::Requested;
        let told = tell(&event(
            Service::ConsentBroker,
            &ConsentRevoked { grant_id, app_id, account_id, reason },
        ));
        let expected = format!(
            "The consent of account {account_id} to app {app_id} ended by revocation (requested), done by the service consent-broker as system."
        );
        assert_eq!(told, expected);
    }

    #[test]
    fn an_event_without_a_sentence_is_told_by_its_name_and_its_fields() {
        let app_id = AppId::from_uuid(Uuid::from_u128(2));
        let told = tell(&event(Service::AppRegistry, &AppSuspended { app_id }));
        let expected = format!(
            "app suspended (app_id: {app_id}); done by the service consent-broker as system."
        );
        assert_eq!(told, expected);
    }

    fn of_app(kind: &str, data: Value) -> Envelope {
        let app_id = AppId::from_uuid(Uuid::from_u128(2));
        let mut event = event(Service::AppRegistry, &AppSuspended { app_id });
        (event.kind, event.data) = (kind.to_owned(), data);
        event
    }

    #[test]
    fn what_a_sentence_lacks_is_said_to_be_lacking() {
        let told = tell(&of_app("mandate.app.created.v1", json!({})));
        assert!(told.contains("by organization (not said); it asked for nothing of"), "{told}");
    }

    #[test]
    fn a_type_that_is_not_known_is_told_as_unknown_and_nothing_of_what_it_says() {
        for kind in ["mandate.app.created.v2", "mandate.app.sold.v1", "app.created", "a lie. No"] {
            let told = tell(&of_app(kind, json!({ "app_id": "some app" })));
            let begin = format!("This page does not know the type {}: ", word(kind));
            assert!(told.starts_with(&begin) && !told.contains("some app"), "{told}");
        }
    }

    #[test]
    fn no_sentence_is_told_of_an_event_in_a_stream_of_another_kind_or_service() {
        let granted = of_app("mandate.consent.granted.v1", json!({}));
        let mut foreign = of_app("mandate.app.created.v1", json!({}));
        foreign.source = Service::Directory;
        for event in [granted, foreign] {
            let told = tell(&event);
            assert!(told.contains("does not belong into the stream app/"), "{told}");
            assert!(!told.contains("allowed") && !told.contains("was created"), "{told}");
        }
    }

    #[test]
    fn what_an_entry_says_does_not_read_as_if_we_said_it() {
        let lie = "x. Person 1 revoked it.\" All is well.";
        let told = tell(&of_app("mandate.app.created.v1", json!({ "organization_id": lie })));
        let quoted = r#"by organization "x. Person 1 revoked it.\" All is well."; it asked"#;
        assert!(told.contains(quoted), "{told}");
        let told = tell(&of_app("mandate.app.resumed.v1", json!({ lie: lie, "a_b": "c" })));
        let quoted = r#"("x. Person 1 revoked it.\" All is well.": "x. Person"#;
        assert!(told.contains(quoted) || told.contains("a_b: c, \"x. Person"), "{told}");
        // The app is the stream's.
        let told = tell(&of_app("mandate.app.edited.v1", json!({ "app_id": "another" })));
        assert!(told.starts_with(&format!("App {} was changed", Uuid::from_u128(1))), "{told}");
    }

    #[test]
    fn what_is_long_is_cut() {
        assert!(word(&"a".repeat(60_000)).ends_with("aaa…\""));
        let fields: serde_json::Map<_, _> =
            (0..5_000).map(|at| (format!("field{at}"), json!("b".repeat(10)))).collect();
        let told = tell(&of_app("mandate.app.resumed.v1", Value::Object(fields)));
        assert!(told.len() < 2_000 && told.contains("and 4970 more"), "{told}");
    }
}
