//! An event in words. People, apps and accounts are ids in it: what they are called is kept beside the events, and
//! no evidence has it.

use contract::{Actor, Envelope};
use serde_json::Value;

/// What happened, in a sentence.
pub(super) fn tell(event: &Envelope) -> String {
    let by = by(event);
    let id = |field: &str| text(event, field);
    match kind(event) {
        "consent.granted" => format!(
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
        "consent.renewed" => format!(
            "Person {} renewed the consent of account {} to app {}, by the role {}{}.",
            id("person_id"),
            id("account_id"),
            id("app_id"),
            id("role"),
            until(event),
        ),
        "consent.revoked" => format!(
            "The consent of account {} to app {} ended by revocation ({}), {by}.",
            id("account_id"),
            id("app_id"),
            id("reason"),
        ),
        "consent.expired" => format!(
            "The consent of account {} to app {} ended by itself at {}.",
            id("account_id"),
            id("app_id"),
            id("expired_at"),
        ),
        "consent-link.created" => format!(
            "A link was made by which app {} asks for consent, to be used until {}, {by}.",
            id("app_id"),
            id("expires_at"),
        ),
        "consent-link.opened" => format!("Person {} opened the link.", id("person_id")),
        "consent-link.passed-on" => format!(
            "Person {} passed the link on to person {}.",
            id("from_person_id"),
            id("to_person_id"),
        ),
        "consent-link.redeemed" => format!(
            "Person {} approved: the link is used up, and {} accounts consent by it.",
            id("person_id"),
            id("granted_count"),
        ),
        "consent-link.denied" => format!("Person {} denied: the link is used up.", id("person_id")),
        "app.created" => format!(
            "App {} was created by organization {}; it asked for {} of {}; {by}.",
            id("app_id"),
            id("organization_id"),
            domains(event),
            service(event),
        ),
        "app.edited" => format!(
            "App {} was changed: it asked for {} of {}; {by}.",
            id("app_id"),
            domains(event),
            service(event),
        ),
        _ => other(event, &by),
    }
}

/// Who did it, and why they were allowed.
pub(super) fn by(event: &Envelope) -> String {
    let who = match event.actor {
        Actor::Person(person) => format!("person {person}"),
        Actor::App(app) => format!("app {app}"),
        Actor::System(service) => format!("the service {service}"),
        Actor::Anonymous => "somebody who proved nothing".to_owned(),
    };
    format!("done by {who} as {}", event.authority)
}

/// `app.created` of `mandate.app.created.v1`.
fn kind(event: &Envelope) -> &str {
    let kind = event.kind.strip_prefix("mandate.").unwrap_or(&event.kind);
    kind.strip_suffix(".v1").unwrap_or(kind)
}

/// An event that has no sentence of its own: its name and its fields.
fn other(event: &Envelope, by: &str) -> String {
    let fields = event.data.as_object().into_iter().flatten();
    let fields =
        fields.map(|(name, value)| format!("{}: {}", name.replace('_', " "), plain(value)));
    let fields: Vec<_> = fields.collect();
    let what = kind(event).replace(['.', '-'], " ");
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
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        value => value.to_string(),
    }
}

fn service(event: &Envelope) -> String {
    match event.data.get("service") {
        Some(Value::String(service)) => format!("the service {service}"),
        _ => "a service that was not chosen yet".to_owned(),
    }
}

fn domains(event: &Envelope) -> String {
    let domains = event.data.get("domains").and_then(Value::as_array).into_iter().flatten();
    let domains = domains.map(|domain| {
        let word = |name| domain.get(name).map_or_else(String::new, plain);
        format!("{} ({})", word("domain"), word("level"))
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
    use uuid::Uuid;

    use super::*;

    fn event<F: Fact>(fact: &F) -> Envelope {
        let environment = Environment::system();
        let header = EventHeader {
            id: environment.new_id(),
            stream: Uuid::from_u128(1),
            version: Version::FIRST,
            time: environment.now(),
            source: Service::ConsentBroker,
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
        let told = tell(&event(&ConsentRevoked { grant_id, app_id, account_id, reason }));
        let expected = format!(
            "The consent of account {account_id} to app {app_id} ended by revocation (requested), done by the service consent-broker as system."
        );
        assert_eq!(told, expected);
    }

    #[test]
    fn an_event_without_a_sentence_is_told_by_its_name_and_its_fields() {
        let app_id = AppId::from_uuid(Uuid::from_u128(2));
        let told = tell(&event(&AppSuspended { app_id }));
        let expected = format!(
            "app suspended (app id: {app_id}); done by the service consent-broker as system."
        );
        assert_eq!(told, expected);
    }

    #[test]
    fn what_a_sentence_lacks_is_said_to_be_lacking() {
        let mut event = event(&AppSuspended { app_id: AppId::from_uuid(Uuid::from_u128(2)) });
        event.kind = "mandate.consent.granted.v1".to_owned();
        assert!(tell(&event).contains("Person (not said) allowed app"), "{}", tell(&event));
    }
}
