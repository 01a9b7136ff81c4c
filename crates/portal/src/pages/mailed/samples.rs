//! Links of mails, fresh, used and late.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::contact;
use super::invitation::{self, Shown};
use crate::api::Refused;
use crate::api::mailed::Invitation;
use crate::failed::Failed;
use crate::faults::Faults;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;
use crate::outcome::spent;

fn invited(name: &str, registered: bool) -> Value {
    json!({
        "to": "organization", "role": "developer", "organization_id": "0195b2a0-0000-7000-8000-0000000000a1",
        "name": name, "email": "colleague@larkfield.example", "invited_by": "Owner",
        "expires_at": "2026-11-19T13:04:00Z", "registered": registered,
    })
}

fn invitation(invitation: Value, signed_in: bool) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let invitation: Invitation = read(invitation.clone());
        let me = signed_in.then_some(&easel.me);
        let shown = Shown { invitation: &invitation, me, name: "", faults: &Faults::default() };
        invitation::draw(easel.portal, easel.browser, "sample", StatusCode::OK, &shown, None)
    }
}

fn refused(status: StatusCode) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let refused =
            Refused { status, code: String::new(), retry_after: None, ..Refused::default() };
        spent(easel.portal, easel.browser, &refused)
            .unwrap_or_else(|| Failed::not_found(easel.portal, easel.browser))
    }
}

pub(crate) fn all() -> Vec<Sample> {
    let account = json!({
        "to": "account", "role": "business_manager", "account_id": "0195b2a0-0000-7000-8000-000000000701",
        "name": "Calder Bay Coffee", "email": null, "invited_by": null,
        "expires_at": "2026-11-19T13:04:00Z", "registered": false,
    });
    vec![
        Sample::new("contact", |easel| contact::draw(easel.portal, easel.browser, "sample")),
        Sample::new("confirmed", |easel| {
            contact::done(easel.portal, easel.browser, "Larkfield Commerce Lab")
        }),
        Sample::new("invitation", invitation(invited("Larkfield Commerce Lab", false), false))
            .key(),
        Sample::new("invitation_known", invitation(invited("Larkfield Commerce Lab", true), false)),
        Sample::new(
            "invitation_signed_in",
            invitation(invited("Larkfield Commerce Lab", true), true),
        ),
        Sample::new("invitation_account", invitation(account, false)),
        Sample::new(
            "invitation_longest",
            invitation(invited(&"Zusammenschluss".repeat(6), false), false),
        ),
        Sample::new("invitation_refused", |easel| {
            let t = easel.browser.language.texts();
            let invitation: Invitation = read(invited("Larkfield Commerce Lab", false));
            let mut faults = Faults::default();
            faults.set("person.name", t.fault_required());
            faults.set("person.password", t.fault_too_short(12));
            let shown = Shown { invitation: &invitation, me: None, name: "", faults: &faults };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            invitation::draw(easel.portal, easel.browser, "sample", status, &shown, None)
        }),
        Sample::new("unknown", refused(StatusCode::NOT_FOUND)),
        Sample::new("used", refused(StatusCode::CONFLICT)),
        Sample::new("expired", refused(StatusCode::GONE)),
    ]
}
