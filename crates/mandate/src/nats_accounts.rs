//! NATS accounts, for services that run apart: each has one to itself.
//!
//! Permissions alone would not keep services apart. The server publishes replies with its own rights, so
//! whoever may ask JetStream for a message chooses where it appears: under another service's subject, or as
//! another service's message to audit. From an account of one's own a reply comes back to that account,
//! whatever its subject, and goes on from there only to what the account imports.
//!
//! The streams stay in the account that has always had them, because JetStream keeps its data by the
//! account's name. There one login makes streams and consumers: who may make a consumer chooses where the
//! server delivers, so no service may.

use contract::Service;
use eventstore::transport::{AUDIT, AUDIT_DURABLE, EVENTS, IMPORTED_API};
use local_servers::{NatsAccount, NatsExport, NatsImport, NatsOptions, NatsUser};
pub use service::connect::NATS_ADMIN as ADMIN;

use crate::nats_users;

/// Gives a server the accounts of an installation whose services run apart.
pub fn separate(options: NatsOptions) -> NatsOptions {
    NatsOptions {
        users: vec![admin(), nats_users::observer()],
        accounts: Service::ALL.into_iter().map(account).collect(),
        exports: exports(),
        ..options
    }
}

/// Makes and mends the streams and all consumers.
fn admin() -> NatsUser {
    let mut publish = vec!["$JS.API.INFO".to_owned(), "$JS.API.STREAM.INFO.*".to_owned()];
    for stream in [EVENTS, AUDIT] {
        for call in ["CREATE", "UPDATE"] {
            publish.push(format!("$JS.API.STREAM.{call}.{stream}"));
        }
        for call in ["CREATE", "DURABLE.CREATE", "INFO", "DELETE"] {
            publish.push(format!("$JS.API.CONSUMER.{call}.{stream}.>"));
        }
        publish.push(format!("$JS.API.CONSUMER.NAMES.{stream}"));
    }
    let subscribe = vec![format!("_INBOX.{ADMIN}.>")];
    let name = ADMIN.to_owned();
    NatsUser { name, password: None, publish, subscribe, allow_responses: false }
}

/// What the account of the streams offers. Which of it an account has, its imports say.
fn exports() -> Vec<NatsExport> {
    let one = |subject: &str| NatsExport { subject: subject.to_owned(), many_answers: false };
    let mut exports = vec![
        one("mandate.events.>"),
        one("mandate.audit.*"),
        one("$JS.API.STREAM.INFO.*"),
        one("$JS.API.STREAM.MSG.GET.EVENTS"),
        one("$JS.API.CONSUMER.INFO.*.*"),
    ];
    let many = |subject: &str| NatsExport { subject: subject.to_owned(), many_answers: true };
    exports.push(many("$JS.API.CONSUMER.MSG.NEXT.AUDIT.*"));
    exports.push(many("$JS.ACK.AUDIT.>"));
    exports.extend(nats_users::exports());
    exports
}

/// A service's account. Its one user may do everything there: what is not imported reaches nobody.
fn account(service: Service) -> NatsAccount {
    let name = service.name().to_owned();
    let user = NatsUser { allow_responses: false, ..NatsUser::unlimited(&name) };
    let questions = format!("mandate.rpc.{service}.>");
    let others = Service::ALL.into_iter().filter(|other| *other != service);
    let mut imports: Vec<NatsImport> = others
        .map(|other| NatsImport {
            account: Some(other.name().to_owned()),
            subject: format!("mandate.rpc.{other}.>"),
            local: None,
        })
        .collect();
    let aggregates = service.aggregates().iter();
    imports.extend(aggregates.map(|aggregate| as_named(format!("mandate.events.*.{aggregate}.>"))));
    imports.push(as_named(format!("mandate.audit.{service}")));
    // Whether its relay's messages are still there.
    for stream in [EVENTS, AUDIT] {
        imports.push(api(&format!("STREAM.INFO.{stream}")));
    }
    imports.push(api(&format!("STREAM.MSG.GET.{EVENTS}")));
    let follows = service.follows().iter().map(|followed| (EVENTS, followed.durable));
    let queue = (service == Service::Audit).then_some((AUDIT, AUDIT_DURABLE));
    for (stream, durable) in follows.chain(queue) {
        imports.push(api(&format!("CONSUMER.INFO.{stream}.{durable}")));
        imports.push(api(&format!("CONSUMER.MSG.NEXT.{stream}.{durable}")));
        imports.push(as_named(format!("$JS.ACK.{stream}.{durable}.>")));
    }
    let exports = vec![NatsExport { subject: questions, many_answers: false }];
    NatsAccount { name, users: vec![user], exports, imports }
}

fn as_named(subject: String) -> NatsImport {
    NatsImport { account: None, subject, local: None }
}

/// Imported under its own name, JetStream would answer that the importing account has none.
fn api(call: &str) -> NatsImport {
    NatsImport {
        account: None,
        subject: format!("$JS.API.{call}"),
        local: Some(format!("{IMPORTED_API}.{call}")),
    }
}
