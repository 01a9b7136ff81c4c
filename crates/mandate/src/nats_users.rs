//! What each service may do on a NATS where all are in one account, as under `mandate up`: publish its own facts, ask others, answer for itself, and
//! read events. Only audit may read contexts, so no other service ever sees personal data in passing.

use contract::Service;
use local_servers::{NatsExport, NatsUser};

/// Reads events and nothing else: for looking on from a terminal.
pub(crate) const OBSERVER: &str = "observer";

/// What the streams' account offers to those of subscribers. Each of them imports what is about its
/// own consumer only.
pub(crate) fn exports() -> [NatsExport; 2] {
    ["$JS.API.CONSUMER.MSG.NEXT.EVENTS.*", "$JS.ACK.EVENTS.>"]
        .map(|subject| NatsExport { subject: subject.to_owned(), many_answers: true })
}

/// The NATS users of an installation in one process: there is nobody to keep apart, and what an account
/// imports costs the server twice as much.
pub(crate) fn users() -> Vec<NatsUser> {
    let mut users: Vec<NatsUser> = Service::ALL.into_iter().map(user).collect();
    users.push(observer());
    users
}

/// Looks on. It may not answer either: whoever publishes chooses the subject of the answer.
pub(crate) fn observer() -> NatsUser {
    let user = NatsUser::limited(OBSERVER, [], ["mandate.events.>"]);
    NatsUser { allow_responses: false, ..user }
}

fn user(service: Service) -> NatsUser {
    let mut publish: Vec<String> = service
        .aggregates()
        .iter()
        .map(|aggregate| format!("mandate.events.*.{aggregate}.>"))
        .collect();
    publish.extend(
        [
            "mandate.rpc.>",
            "$JS.API.INFO",
            "$JS.API.STREAM.INFO.*",
            // Whoever comes first makes what is not there; no other stream, which could copy these.
            "$JS.API.STREAM.CREATE.EVENTS",
            "$JS.API.STREAM.CREATE.AUDIT",
            "$JS.API.STREAM.MSG.GET.EVENTS",
            "$JS.API.DIRECT.GET.EVENTS",
        ]
        .map(str::to_owned),
    );
    publish.push(format!("mandate.audit.{service}"));
    publish.push(format!("mandate.relay.{service}.wake"));
    if service == Service::Notifier {
        // It keeps a consumer for every subscriber, and the streams at their limits.
        publish.extend(
            [
                "$JS.API.CONSUMER.NAMES.EVENTS",
                "$JS.API.CONSUMER.DELETE.EVENTS.*",
                "$JS.API.STREAM.UPDATE.EVENTS",
                "$JS.API.STREAM.UPDATE.AUDIT",
            ]
            .map(str::to_owned),
        );
    }
    let readable: &[&str] = if service == Service::Audit { &["AUDIT"] } else { &["EVENTS"] };
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
    use super::*;

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
