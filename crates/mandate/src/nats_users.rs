//! What each service may do on NATS: publish its own facts, ask others, answer for itself, and
//! read events. Only audit may read contexts, so no other service ever sees personal data in passing.

use contract::Service;
use local_servers::NatsUser;

/// Reads events and nothing else: for looking on from a terminal.
pub const OBSERVER: &str = "observer";

/// What the services' account offers to those of subscribers. Each of them imports what is about its
/// own consumer only.
pub const EXPORTS: [&str; 2] = ["$JS.API.CONSUMER.MSG.NEXT.EVENTS.*", "$JS.ACK.EVENTS.>"];

/// The kinds of streams that a service writes.
fn aggregates(service: Service) -> &'static [&'static str] {
    match service {
        Service::Directory => &[
            "organization",
            "membership",
            "person",
            "account",
            "account-role",
            "api-token",
            "sign-in",
            "subscriber",
            "access",
        ],
        Service::AppRegistry => &["app", "access"],
        Service::KeyIssuer => &["key", "signing-key", "token", "access"],
        Service::ConsentBroker => &["consent-link", "consent", "access"],
        Service::Audit => &["access"],
    }
}

/// The NATS users of an installation.
pub fn users() -> Vec<NatsUser> {
    let mut users: Vec<NatsUser> = Service::ALL.into_iter().map(user).collect();
    users.push(NatsUser::limited(OBSERVER, [], ["mandate.events.>"]));
    users
}

fn user(service: Service) -> NatsUser {
    let mut publish: Vec<String> = aggregates(service)
        .iter()
        .map(|aggregate| format!("mandate.events.*.{aggregate}.>"))
        .collect();
    publish.extend(
        [
            "mandate.rpc.>",
            "$JS.API.INFO",
            "$JS.API.STREAM.INFO.*",
            "$JS.API.STREAM.CREATE.*",
            "$JS.API.STREAM.MSG.GET.EVENTS",
            "$JS.API.DIRECT.GET.EVENTS",
        ]
        .map(str::to_owned),
    );
    publish.push(format!("mandate.audit.{service}"));
    publish.push(format!("mandate.relay.{service}.wake"));
    if service == Service::Directory {
        // It keeps a consumer for every subscriber.
        publish.extend(
            [
                "$JS.API.CONSUMER.NAMES.EVENTS",
                "$JS.API.CONSUMER.DELETE.EVENTS.*",
            ]
            .map(str::to_owned),
        );
    }
    let readable: &[&str] = if service == Service::Audit {
        &["AUDIT"]
    } else {
        &["EVENTS"]
    };
    for stream in readable {
        for call in ["CREATE", "DURABLE.CREATE", "INFO", "MSG.NEXT"] {
            publish.push(format!("$JS.API.CONSUMER.{call}.{stream}.>"));
        }
        publish.push(format!("$JS.ACK.{stream}.>"));
    }
    let subscribe = [
        format!("_INBOX.{service}.>"),
        format!("mandate.rpc.{service}.>"),
        format!("mandate.relay.{service}.wake"),
        "$SRV.>".to_owned(),
    ];
    NatsUser {
        name: service.name().to_owned(),
        password: None,
        publish,
        subscribe: subscribe.to_vec(),
        allow_responses: true,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_of_event_has_a_service_that_may_publish_it() {
        let published: BTreeSet<&str> = Service::ALL
            .into_iter()
            .flat_map(aggregates)
            .copied()
            .collect();
        let known: BTreeSet<&str> = contract::facts::all()
            .iter()
            .map(|event| event.aggregate)
            .collect();
        assert_eq!(published, known);
    }

    #[test]
    fn only_audit_may_read_its_queue_and_each_service_speaks_for_itself() {
        for user in users() {
            let reads = user.publish.iter().any(|subject| {
                subject.starts_with("$JS.API.CONSUMER") && subject.contains("AUDIT")
            });
            assert_eq!(reads, user.name == "audit", "{}", user.name);
            let mut writes = user.publish.iter();
            let own = format!("mandate.audit.{}", user.name);
            assert!(
                writes.all(|subject| !subject.starts_with("mandate.audit") || *subject == own),
                "{}",
                user.name
            );
        }
    }
}
