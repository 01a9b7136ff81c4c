//! The audit log.

use serde_json::json;

use super::{Entry, entry, everybody};
use crate::call::Call;
use crate::cast::Who;

/// Whoever may not read an event is not told that it is there.
fn nobody_else(_: Who) -> bool {
    false
}

pub(super) fn entries() -> Vec<Entry> {
    vec![
        // Each asks for the part of the log that is their business.
        entry("listEvents", nobody_else, |cast, who| {
            Box::pin(async move {
                match who {
                    Who::Operator => Call::plain(),
                    Who::Holder(_) => Call::plain().query("account_id", &cast.account.id),
                    _ => Call::plain().query("organization_id", &cast.organization.id),
                }
            })
        }),
        entry("getEvent", nobody_else, |cast, _| {
            Box::pin(async move { Call::plain().path("id", &cast.grant_event) })
        }),
        entry("getEventProof", nobody_else, |cast, _| {
            Box::pin(async move { Call::plain().path("id", &cast.grant_event) })
        }),
        entry("getCompleteness", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("writeManifests", everybody, |_, _| Box::pin(async { Call::plain() })),
        entry("findEventPlaces", everybody, |cast, _| {
            Box::pin(async move { Call::plain().json(json!({ "ids": [cast.grant_event] })) })
        }),
    ]
}
