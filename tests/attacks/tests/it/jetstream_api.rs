//! JetStream's API as an attacker uses it: every operation, with every subject for the answer that would hurt.

use async_nats::jetstream;
use contract::Service;
use eventstore::transport::{AUDIT, AUDIT_DURABLE, EVENTS};
use serde_json::json;

/// The streams' consumers that services have.
pub(crate) const DURABLES: [(&str, &str); 3] =
    [(EVENTS, "key-issuer-apps"), (EVENTS, "consent-broker-apps"), (AUDIT, AUDIT_DURABLE)];

/// Every operation of the API, by its subject without the prefix, with what one would send to do harm.
pub(crate) fn operations(target: &str) -> Vec<(String, String)> {
    let mut operations: Vec<(String, String)> = Vec::new();
    let mut add = |subject: String, payload: String| operations.push((subject, payload));
    let nothing = String::new;
    for subject in ["INFO", "STREAM.NAMES", "STREAM.LIST", "META.LEADER.STEPDOWN", "SERVER.REMOVE"]
    {
        add(subject.to_owned(), nothing());
    }
    add("ACCOUNT.PURGE.MANDATE".to_owned(), nothing());
    // Of one subject: what is republished of many has many subjects, and the target is one.
    let of_events = "mandate.events.platform.app.suspended.two";
    let of_audit = "mandate.audit.directory";
    for (copied, one) in [(EVENTS, of_events), (AUDIT, of_audit)] {
        let copy = json!({ "name": "COPY", "sources": [{ "name": copied }],
            "republish": { "src": one, "dest": target } });
        add("STREAM.CREATE.COPY".to_owned(), copy.to_string());
    }
    for (stream, subjects, one) in
        [(EVENTS, "mandate.events.>", of_events), (AUDIT, "mandate.audit.*", of_audit)]
    {
        let republishing = json!({ "name": stream, "subjects": [subjects],
            "republish": { "src": one, "dest": target } });
        for call in ["CREATE", "UPDATE"] {
            add(format!("STREAM.{call}.{stream}"), republishing.to_string());
        }
        for call in ["INFO", "DELETE", "PURGE", "LEADER.STEPDOWN", "PEER.REMOVE"] {
            add(format!("STREAM.{call}.{stream}"), nothing());
        }
        let deliver = json!({ "deliver_subject": target });
        add(format!("STREAM.SNAPSHOT.{stream}"), deliver.to_string());
        add(format!("STREAM.RESTORE.{stream}"), republishing.to_string());
        add(format!("STREAM.MSG.DELETE.{stream}"), json!({ "seq": 1 }).to_string());
        for call in ["STREAM.MSG.GET", "DIRECT.GET"] {
            add(format!("{call}.{stream}"), json!({ "seq": 1 }).to_string());
            add(format!("{call}.{stream}"), json!({ "last_by_subj": subjects }).to_string());
        }
        let push = json!({ "stream_name": stream, "action": "",
            "config": { "durable_name": "spy", "name": "spy", "deliver_subject": target,
                "ack_policy": "none", "deliver_policy": "all" } });
        add(format!("CONSUMER.CREATE.{stream}"), push.to_string());
        add(format!("CONSUMER.CREATE.{stream}.spy"), push.to_string());
        add(format!("CONSUMER.DURABLE.CREATE.{stream}.spy"), push.to_string());
        for call in ["NAMES", "LIST"] {
            add(format!("CONSUMER.{call}.{stream}"), nothing());
        }
    }
    for (stream, durable) in DURABLES {
        for call in ["INFO", "DELETE", "LEADER.STEPDOWN", "UNPIN", "RESET"] {
            add(format!("CONSUMER.{call}.{stream}.{durable}"), nothing());
        }
        let pause = json!({ "pause_until": "2099-01-01T00:00:00Z" });
        add(format!("CONSUMER.PAUSE.{stream}.{durable}"), pause.to_string());
        for next in [json!({ "batch": 8, "no_wait": true }), json!({ "batch": 1, "expires": 1 })] {
            add(format!("CONSUMER.MSG.NEXT.{stream}.{durable}"), next.to_string());
        }
        add(format!("CONSUMER.MSG.NEXT.{stream}.{durable}"), "{".to_owned());
    }
    operations
}

/// Where an answer would hurt: as somebody else's event, message to audit or question, as a command to
/// JetStream, in somebody else's inbox.
pub(crate) fn targets() -> Vec<String> {
    let mut targets = Vec::new();
    for service in Service::ALL {
        targets.push(format!("mandate.audit.{service}"));
        targets.push(format!("_INBOX.{service}.reply"));
        targets.push(format!("mandate.relay.{service}.wake"));
        for aggregate in service.aggregates() {
            targets.push(format!("mandate.events.platform.{aggregate}.forged.{aggregate}"));
        }
    }
    for stream in [EVENTS, AUDIT] {
        for call in ["DELETE", "PURGE", "SNAPSHOT", "INFO"] {
            targets.push(format!("$JS.API.STREAM.{call}.{stream}"));
        }
    }
    for (stream, durable) in DURABLES {
        targets.push(format!("$JS.API.CONSUMER.DELETE.{stream}.{durable}"));
        targets.push(format!("$JS.ACK.{stream}.{durable}.1.1.1.1.1"));
    }
    targets
}

/// Streams with how they are configured and what they hold, and consumers with how they are configured: what
/// no attack may change.
pub(crate) async fn state(witness: &jetstream::Context) -> Vec<String> {
    use futures::TryStreamExt;
    let mut names: Vec<String> = witness.stream_names().try_collect().await.unwrap();
    names.sort();
    let mut state = Vec::new();
    for name in names {
        let mut stream = witness.get_stream(&name).await.unwrap();
        let first = stream.get_raw_message(1).await.map(|message| message.payload);
        let info = stream.info().await.unwrap();
        // As JSON, which has an order.
        let config = serde_json::to_value(&info.config).unwrap();
        state.push(format!("{config} {} {first:?}", info.created));
        let mut consumers: Vec<_> = stream.consumers().try_collect().await.unwrap();
        consumers.sort_by(|left, right| left.name.cmp(&right.name));
        for consumer in consumers {
            let config = serde_json::to_value(&consumer.config).unwrap();
            state.push(format!("{config} {}", consumer.created));
        }
    }
    state
}
