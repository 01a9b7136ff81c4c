//! An event as a sentence. Who caused it stands beside it.

use crate::api::events::RecordedEvent;
use crate::texts::Texts;

/// What happened. Of an event that is not known here yet, its type.
pub(super) fn sentence(t: &Texts, item: &RecordedEvent) -> String {
    let name = item.event.name();
    of_app(t, name, item)
        .or_else(|| of_key(t, name, item))
        .or_else(|| of_consent(t, name, item))
        .unwrap_or_else(|| t.event_other(name))
}

fn of_app(t: &Texts, name: &str, item: &RecordedEvent) -> Option<String> {
    Some(match name {
        "app.created" => t.event_app_created(),
        "app.edited" => t.event_app_edited(),
        "app.image-set" => t.event_app_image_set(),
        "app.image-removed" => t.event_app_image_removed(),
        "app.activated" => t.event_app_activated(),
        "app.suspended" => t.event_app_suspended(),
        "app.resumed" => t.event_app_resumed(),
        "app.archived" => t.event_app_archived(),
        "app.pkce-changed" => match item.event.data.get("required") {
            Some(required) if required == true => t.event_app_pkce_required(),
            _ => t.event_app_pkce_optional(),
        },
        "app.redirect-uri-added" => t.event_redirect_uri_added(typed(t, item, "uri")),
        "app.redirect-uri-removed" => t.event_redirect_uri_removed(typed(t, item, "uri")),
        _ => return None,
    })
}

fn of_key(t: &Texts, name: &str, item: &RecordedEvent) -> Option<String> {
    Some(match name {
        "key.created" => t.event_key_created(typed(t, item, "name")),
        "key.renamed" => t.event_key_renamed(typed(t, item, "name")),
        "key.deleted" => match item.word("reason") {
            "replaced" => t.event_key_replaced(),
            "requested_now" => t.event_key_deleted_now(),
            "leaked" => t.event_key_deleted_leaked(),
            "app_archived" => t.event_key_deleted_archived(),
            _ => t.event_key_deleted(),
        },
        "key.expired" => t.event_key_expired(),
        "key.expiring" => t.event_key_expiring(item.number("days")),
        "key.leaked" => t.event_key_leaked(),
        "token.issued" => t.event_token_issued(),
        "token.refused" => t.event_token_refused(item.word("reason")),
        _ => return None,
    })
}

fn of_consent(t: &Texts, name: &str, item: &RecordedEvent) -> Option<String> {
    let is_archived = item.word("reason") == "app_archived";
    Some(match name {
        "consent-link.created" => match item.typed("label") {
            Some(label) => t.event_link_created_for(label),
            None => t.event_link_created(),
        },
        "consent-link.opened" => t.event_link_opened(),
        "consent-link.passed-on" => t.event_link_passed_on(),
        "consent-link.redeemed" => t.event_link_redeemed(item.number("granted_count")),
        "consent-link.denied" => t.event_link_denied(),
        "consent-link.expired" => t.event_link_expired(),
        "consent-link.revoked" if is_archived => t.event_link_revoked_archived(),
        "consent-link.revoked" => t.event_link_revoked(),
        "consent.granted" => t.event_consent_granted(),
        "consent.renewed" => t.event_consent_renewed(),
        "consent.expired" => t.event_consent_expired(),
        "consent.expiry-set" => t.event_consent_expiry_set(),
        "consent.revoked" if is_archived => t.event_consent_revoked_archived(),
        "consent.revoked" => t.event_consent_revoked(),
        "consent-notice.sent" => t.event_consent_notice(item.number("days")),
        _ => return None,
    })
}

/// What somebody typed, or that it is not kept any more.
fn typed(t: &Texts, item: &RecordedEvent, name: &str) -> String {
    item.typed(name).map_or_else(|| t.event_not_kept(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::texts::Language;

    /// All that an app's page asks for without being told to show everything.
    const TYPES: &[&str] =
        &["app.", "key.", "consent-link.", "consent.", "token.", "consent-notice."];

    #[test]
    fn every_event_of_apps_keys_links_and_consents_has_a_sentence_of_its_own() {
        let t = Language::English.texts();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events");
        let mut said = BTreeSet::new();
        let mut known = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            let Some(kind) = file.strip_suffix(".json") else { continue };
            let name = &kind["mandate.".len()..];
            if !TYPES.iter().any(|start| name.starts_with(start)) {
                continue;
            }
            let event = json!({ "position": 1, "event": { "type": kind }, "details": null });
            let sentence = sentence(t, &serde_json::from_value(event).unwrap());
            assert!(!sentence.contains(name), "{kind}: {sentence}");
            known += 1;
            said.insert(sentence);
        }
        assert!(known > 25, "{known}");
        assert_eq!(said.len(), known);
    }
}
