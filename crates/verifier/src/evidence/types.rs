//! What an event's type says: in which kind of stream what happened. One map and one rule, so that a sentence is told
//! of no other event than the one that it was written for.
//!
//! The rule: a type is `mandate.<kind of stream>.<what happened>.v1`, an event of it is in a stream of that kind, and its
//! source is the service that writes these ([`contract::Service::aggregates`]).

use contract::Envelope;

use crate::kinds::{Place, place};

/// What can happen in each kind of stream. The page tells an event that is not here as unknown: whoever adds one gives
/// the drawing another number, [`super::description::PAGE`].
const KINDS: &[(&str, &[&str])] = &[
    ("access", &["refused"]),
    ("account", &["created", "edited"]),
    ("account-role", &["changed", "granted", "revoked"]),
    ("api-token", &["created", "revoked"]),
    (
        "app",
        &[
            "activated",
            "archived",
            "created",
            "edited",
            "image-removed",
            "image-set",
            "pkce-changed",
            "redirect-uri-added",
            "redirect-uri-removed",
            "resumed",
            "suspended",
        ],
    ),
    ("consent", &["expired", "expiry-set", "granted", "renewed", "revoked"]),
    (
        "consent-link",
        &["created", "denied", "expired", "opened", "passed-on", "redeemed", "revoked"],
    ),
    ("consent-notice", &["sent"]),
    ("contact-confirmation", &["completed", "requested"]),
    ("domain-request", &["created", "declined", "granted"]),
    ("hole", &["noticed", "repaired"]),
    ("identity-provider", &["configured", "domains-confirmed", "removed"]),
    ("invitation", &["accepted", "created", "expired", "revoked", "sent-again"]),
    ("key", &["created", "deleted", "expired", "expiring", "leaked", "renamed"]),
    ("log", &["continued"]),
    ("log-key", &["created", "replaced"]),
    ("mail", &["abandoned", "sent"]),
    ("manifest", &["written"]),
    ("membership", &["granted", "removed", "role-changed"]),
    ("organization", &["contact-confirmed", "created", "domains-enabled", "edited"]),
    ("password-reset", &["completed", "requested"]),
    (
        "person",
        &[
            "activated",
            "deactivated",
            "edited",
            "identity-linked",
            "operator-revoked",
            "password-changed",
            "registered",
        ],
    ),
    ("session", &["created", "ended"]),
    ("sign-in", &["accepted", "refused"]),
    ("signing-key", &["created"]),
    ("subscriber", &["added", "removed"]),
    ("token", &["issued", "refused"]),
];

/// Why an event is told in no sentence of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untold {
    /// The map has not its type.
    Unknown,
    /// An event of its type belongs into a stream of another kind, or is another service's.
    Misplaced,
}

/// The kind of stream and what happened in it.
///
/// # Errors
/// [`Untold`].
pub(super) fn of(event: &Envelope) -> Result<(&'static str, &'static str), Untold> {
    let known = known(&event.kind).ok_or(Untold::Unknown)?;
    let is_in_place =
        event.stream().is_ok_and(|(kind, _)| place(event.source, kind, &event.kind) == Place::Own);
    if is_in_place { Ok(known) } else { Err(Untold::Misplaced) }
}

fn known(name: &str) -> Option<(&'static str, &'static str)> {
    let (kind, what) = name.strip_prefix("mandate.")?.strip_suffix(".v1")?.split_once('.')?;
    let (kind, all) = KINDS.iter().find(|(of, _)| *of == kind)?;
    Some((kind, all.iter().find(|it| **it == what)?))
}

#[cfg(test)]
mod tests {
    use contract::{Service, facts};

    use super::*;

    #[test]
    fn the_map_has_the_types_of_the_contract_and_no_others() {
        let all = facts::all();
        for event in &all {
            let found = known(event.name).map(|(kind, _)| kind);
            let what = "give it its place in KINDS, and PAGE the next number";
            assert_eq!(found, Some(event.aggregate), "{}: {what}", event.name);
            let writes = |service: &Service| service.aggregates().contains(&event.aggregate);
            assert!(Service::ALL.iter().any(writes), "{}", event.name);
        }
        assert_eq!(KINDS.iter().map(|(_, all)| all.len()).sum::<usize>(), all.len());
        assert!(KINDS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_type_of_another_form_is_none() {
        for name in [
            "",
            "consent.granted",
            "mandate.consent.granted",
            "mandate.consent.granted.v2",
            "mandate.consent.granted.v1.v1",
            "consent.granted.v1",
            "mandate.consent.Granted.v1",
            "mandate.granted.consent.v1",
        ] {
            assert_eq!(known(name), None, "{name}");
        }
    }
}
