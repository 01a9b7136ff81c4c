//! Organizations: as their owner and as others see them, fresh and confirmed, with nobody and with many.

use axum::http::StatusCode;
use axum::response::Response;
use contract::ids::OrganizationId;
use serde_json::{Value, json};

use super::domain_requests::{self, create as asking};
use super::invitations::{self, create, revocation};
use super::members::{removal, role};
use super::profile;
use super::{Asked, Said, draw};
use crate::api::members::Member;
use crate::api::people::{Me, Membership};
use crate::faults::Faults;
use crate::gallery::easel::{Easel, read};
use crate::gallery::sample::Sample;

fn member(number: u8, name: &str, role: &str, allowed: &[&str]) -> Value {
    json!({
        "person_id": format!("0195b2a0-0000-7000-8000-00000000000{number}"),
        "name": name,
        "email": format!("{}@larkfield.example", name.to_lowercase().replace(' ', "-")),
        "role": role,
        "created_at": "2026-03-03T09:00:00Z",
        "allowed": allowed,
    })
}

fn organization(confirmed: bool, name: &str) -> Value {
    json!({
        "id": "0195b2a0-0000-7000-8000-0000000000a1",
        "name": name,
        "kind": "technology_company",
        "contact_email": "api@larkfield.example",
        "country": "NL",
        "website": "https://larkfield.example",
        "description": "Tools for retail media.",
        "confirmed": confirmed,
        "enabled_domains": ["retail_media/billing:read"],
        "created_at": "2024-03-03T09:00:00Z",
    })
}

fn here(me: &Me) -> &Membership {
    &me.memberships[0]
}

/// As somebody who may do nothing there.
fn looking_on(me: &Me) -> Me {
    let mut me = me.clone();
    me.memberships[0].allowed.clear();
    me
}

fn page(
    confirmed: bool,
    items: Value,
    next: Option<&'static str>,
    said: Option<Said>,
) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let members = read(json!({ "items": items, "next_cursor": next }));
        let organization = read(organization(confirmed, "Larkfield Commerce Lab"));
        let asked = Asked { cursor: None, said };
        let Easel { portal, browser, me, .. } = easel;
        draw(portal, browser, me, here(me), &organization, &members, &asked)
    }
}

pub(crate) fn all() -> Vec<Sample> {
    const ALL: &[&str] = &["change_role", "remove"];
    let some = json!([
        member(1, "Developer", "owner", ALL),
        member(2, "Integrator", "developer", ALL),
        member(3, "Second Owner", "owner", ALL),
        member(4, "Auditor", "auditor", ALL),
    ]);
    let alone = json!([member(1, "Developer", "owner", &[])]);
    let many: Vec<_> = (1..=9)
        .map(|number| member(number, &format!("Member {number}"), "developer", ALL))
        .collect();
    vec![
        Sample::new("typical", page(true, some.clone(), None, None)).key(),
        Sample::new("unconfirmed", page(false, alone.clone(), None, None)),
        Sample::new("sent", page(false, alone.clone(), None, Some(Said::Sent))),
        Sample::new("sent_too_often", page(false, alone, None, Some(Said::TooOften))),
        Sample::new("many", page(true, json!(many), Some("next"), None)),
        Sample::new("longest", |easel| {
            let name = "Wortungetüm ".repeat(8);
            let mut one = member(2, &name, "developer", ALL);
            one["email"] = json!(format!("{}@{}.example", "x".repeat(64), "y".repeat(60)));
            let members = read(json!({ "items": [member(1, "Developer", "owner", ALL), one] }));
            let organization = read(organization(false, &name));
            let Easel { portal, browser, me, .. } = easel;
            let asked = Asked::default();
            draw(portal, browser, me, here(me), &organization, &members, &asked)
        }),
        Sample::new("as_auditor", |easel| {
            let me = looking_on(&easel.me);
            let members = json!([
                member(1, "Developer", "auditor", &["remove"]),
                member(2, "Owner", "owner", &[]),
            ]);
            let members = read(json!({ "items": members }));
            let organization = read(organization(false, "Larkfield Commerce Lab"));
            let asked = Asked::default();
            draw(easel.portal, easel.browser, &me, here(&me), &organization, &members, &asked)
        }),
        Sample::new("new", |easel| of_profile(easel, None, None, false)),
        Sample::new("new_wrong", |easel| of_profile(easel, None, None, true)),
        Sample::new("new_refused", |easel| {
            of_profile(easel, None, Some("too-many-unconfirmed-organizations"), false)
        }),
        Sample::new("edit", |easel| {
            of_profile(easel, Some(here(&easel.me).organization_id), None, false)
        }),
        Sample::new("role", |easel| of_member(easel, None, true)),
        Sample::new("role_refused", |easel| {
            let error = easel.browser.language.texts().organization_last_owner();
            of_member(easel, Some(error), true)
        }),
        Sample::new("removal", |easel| of_member(easel, None, false)),
        Sample::new("leaving_refused", |easel| {
            let Easel { portal, browser, me, .. } = easel;
            let error = Some(browser.language.texts().organization_last_owner());
            let (status, action) = (StatusCode::CONFLICT, "/organizations".to_owned());
            removal::draw(portal, browser, status, me, here(me), None, action, error)
        }),
    ]
}

fn of_profile(
    easel: &Easel<'_>,
    id: Option<OrganizationId>,
    code: Option<&str>,
    wrong: bool,
) -> Response {
    let Easel { portal, browser, me, .. } = easel;
    let t = browser.language.texts();
    let error = code.and_then(|code| profile::why_not(t, &refused(code)));
    let mut found = profile::Wrong { error, ..profile::Wrong::default() };
    for field in ["name", "kind", "contact_email", "country", "website", "description"] {
        if wrong {
            found.faults.set(field, t.fault_wrong_format());
        }
    }
    let typed = profile::Typed {
        name: "Larkfield Commerce Lab".to_owned(),
        kind: "technology_company".to_owned(),
        contact_email: "api@larkfield.example".to_owned(),
        country: "NL".to_owned(),
        ..profile::Typed::default()
    };
    profile::draw(portal, browser, me, StatusCode::OK, id, &typed, found)
}

fn of_member(easel: &Easel<'_>, error: Option<String>, changes: bool) -> Response {
    let Easel { portal, browser, me, .. } = easel;
    let found: Member = read(member(2, "Integrator", "developer", &["change_role", "remove"]));
    let (status, listed) = (StatusCode::OK, super::members::Listed::default());
    if changes {
        let id = here(me).organization_id;
        return role::draw(portal, browser, status, me, id, &found, &listed, error);
    }
    let action = "/organizations".to_owned();
    removal::draw(portal, browser, status, me, here(me), Some(&found), action, error)
}

fn invitation(number: u8, email: &str) -> Value {
    json!({
        "id": format!("0195b2a0-0000-7000-8000-0000000000e{number}"),
        "email": email,
        "role": "developer",
        "sent_at": "2026-11-10T10:00:00Z",
        "expires_at": "2026-11-17T10:00:00Z",
    })
}

fn invited(
    items: Value,
    said: Option<invitations::Said>,
    may: bool,
) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let me = if may { easel.me.clone() } else { looking_on(&easel.me) };
        let found = read(json!({ "items": items }));
        let asked = invitations::Asked { cursor: None, said };
        invitations::draw(easel.portal, easel.browser, &me, here(&me), &found, &asked)
    }
}

fn inviting(code: Option<&'static str>, wrong: bool, may: bool) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let me = if may { easel.me.clone() } else { looking_on(&easel.me) };
        let t = easel.browser.language.texts();
        let error = code.and_then(|code| create::why_not(t, &refused(code)));
        let mut faults = Faults::default();
        if wrong {
            faults.set("email", t.fault_wrong_format());
            faults.set("role", t.fault_required());
        }
        let typed = create::Typed::default();
        let status = StatusCode::OK;
        create::draw(easel.portal, easel.browser, &me, here(&me), status, &typed, &faults, error)
    }
}

fn refused(code: &str) -> crate::api::Refused {
    let (status, code) = (StatusCode::CONFLICT, code.to_owned());
    crate::api::Refused { status, code, retry_after: None, ..crate::api::Refused::default() }
}

pub(crate) fn invitations() -> Vec<Sample> {
    use invitations::Said;
    let two = json!([
        invitation(1, "ops@larkfield.example"),
        invitation(2, &format!("{}@{}.example", "x".repeat(64), "y".repeat(60))),
    ]);
    vec![
        Sample::new(
            "typical",
            invited(json!([invitation(1, "ops@larkfield.example")]), None, true),
        ),
        Sample::new("empty", invited(json!([]), None, true)),
        Sample::new("empty_as_auditor", invited(json!([]), None, false)),
        Sample::new("as_auditor", invited(two.clone(), None, false)),
        Sample::new("longest", invited(two.clone(), Some(Said::Sent), true)),
        Sample::new("sent_too_often", invited(two.clone(), Some(Said::TooOften), true)),
        Sample::new("too_many", invited(two.clone(), Some(Said::TooMany), true)),
        Sample::new("ended", invited(two, Some(Said::Ended), true)),
        Sample::new("new", inviting(None, false, true)).key(),
        Sample::new("new_refused", inviting(Some("already-invited"), false, true)),
        Sample::new("new_wrong", inviting(None, true, true)),
        Sample::new("new_as_auditor", inviting(None, false, false)),
        Sample::new("revocation", |easel| {
            let Easel { portal, browser, me, .. } = easel;
            let found = read(invitation(1, "ops@larkfield.example"));
            revocation::draw(portal, browser, me, here(me).organization_id, &found)
        }),
    ]
}

fn request(domain: &str, state: &str, answer: Option<&str>) -> Value {
    json!({
        "domain": domain,
        "reason": "We show advertisers what they are billed, beside what it brought.",
        "state": state,
        "created_at": "2026-10-30T10:00:00Z",
        "answered_at": if state == "open" { Value::Null } else { json!("2026-11-02T10:00:00Z") },
        "answer_reason": answer,
    })
}

fn requested(items: Value, was_asked: bool, may: bool) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let me = if may { easel.me.clone() } else { looking_on(&easel.me) };
        let found = read(json!({ "items": items }));
        let asked =
            domain_requests::Asked { cursor: None, asked: was_asked.then(|| "yes".to_owned()) };
        let catalogue = easel.catalogue();
        let (portal, browser) = (easel.portal, easel.browser);
        domain_requests::draw(portal, browser, &me, here(&me), &catalogue, &found, &asked)
    }
}

fn requesting(
    code: Option<&'static str>,
    wrong: bool,
    may: bool,
) -> impl Fn(&Easel<'_>) -> Response {
    move |easel| {
        let me = if may { easel.me.clone() } else { looking_on(&easel.me) };
        let t = easel.browser.language.texts();
        let error = code.and_then(|code| asking::why_not(t, &refused(code)));
        let mut faults = Faults::default();
        if wrong {
            faults.set("domain", t.fault_not_one_of());
            faults.set("reason", t.fault_required());
        }
        let typed = asking::Typed {
            domain: "retail_media/billing:read".to_owned(),
            ..asking::Typed::default()
        };
        let (portal, browser, status) = (easel.portal, easel.browser, StatusCode::OK);
        let (catalogue, here) = (easel.catalogue(), here(&me));
        asking::draw(portal, browser, &me, here, status, &catalogue, &[], &typed, &faults, error)
    }
}

pub(crate) fn domain_requests() -> Vec<Sample> {
    let some = json!([
        request("retail_media/billing:read", "open", None),
        request("retail_media/audiences:manage", "granted", None),
        request("gone/from_catalogue:read", "declined", Some("Your app has no use for it yet.")),
    ]);
    vec![
        Sample::new("typical", requested(some.clone(), false, true)),
        Sample::new("asked", requested(some, true, true)),
        Sample::new("empty", requested(json!([]), false, true)),
        Sample::new("empty_as_auditor", requested(json!([]), false, false)),
        Sample::new("new", requesting(None, false, true)),
        Sample::new("new_refused", requesting(Some("domain-requested-already"), false, true)),
        Sample::new("new_wrong", requesting(None, true, true)),
        Sample::new("new_as_auditor", requesting(None, false, false)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Language;

    #[test]
    fn every_refusal_that_has_a_name_of_its_own_is_worded() {
        let t = Language::English.texts();
        for code in ["already-invited", "too-many-open-invitations", "too-many-invitations"] {
            assert!(create::why_not(t, &refused(code)).is_some(), "{code}");
        }
        for code in ["domain-requested-already", "domain-enabled-already", "domain-not-on-request"]
        {
            assert!(asking::why_not(t, &refused(code)).is_some(), "{code}");
        }
        assert_eq!(create::why_not(t, &refused("role-not-allowed")), None);
        assert_eq!(asking::why_not(t, &refused("role-not-allowed")), None);
    }
}
