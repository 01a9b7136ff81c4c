//! What the audit log says of the journey: every step, who, why, on whose behalf; and of nobody
//! anything personal.

use std::collections::BTreeSet;

use contract::facts::grants_sha256;
use journeys::events::{self, Event, assert_dense, count};
use journeys::system::System;
use serde_json::json;
use stage::{USER_AGENT, eventually};

use crate::journey::{Journey, STEPS};

pub(crate) async fn check(system: &System, journey: &Journey) {
    let Journey { organization, account, app, .. } = journey;
    let query = format!("organization_id={}", organization.id);
    let found = events::found(&organization.auditor, &query, &STEPS).await;
    assert_eq!(count(found.iter().map(Event::kind)), count(STEPS));
    assert_dense(&found);
    check_provenance(journey, &found);

    let by_app = events::all(&organization.auditor, &format!("app_id={}", app.id)).await;
    let mut expected = count(STEPS);
    for about_the_organization in [
        "organization.created",
        "membership.granted",
        "contact-confirmation.requested",
        "organization.contact-confirmed",
    ] {
        expected.remove(about_the_organization);
    }
    // The refused second use is aimed at the link.
    expected.remove("access.refused");
    assert_eq!(
        count(by_app.iter().map(Event::kind).filter(|kind| *kind != "access.refused")),
        expected
    );

    // The account's people see what concerns it, and nothing else.
    let seen = events::all(account.person("analyst"), &format!("account_id={}", account.id)).await;
    let kinds = count(seen.iter().map(Event::kind));
    assert_eq!(
        (kinds["consent.granted"], kinds["consent.revoked"], kinds["account-role.granted"]),
        (1, 1, 4)
    );
    assert!(!kinds.contains_key("app.created"));

    check_whole_log(system, journey).await;
}

/// Who, why, on whose behalf, following from what.
fn check_provenance(journey: &Journey, found: &[Event]) {
    let Journey { organization, account, app, .. } = journey;
    let (owner, developer) = (organization.owner.actor(), organization.developer.actor());
    let (admin, itself) = (account.admin().actor(), format!("app/{}", app.id));
    let one = |kind: &str| found.iter().find(|event| event.kind() == kind).unwrap();
    for (kind, actor, authority) in [
        ("organization.created", &owner, "self"),
        ("app.created", &developer, "developer"),
        ("app.edited", &developer, "developer"),
        ("app.image-set", &developer, "developer"),
        ("app.activated", &developer, "developer"),
        ("key.created", &developer, "developer"),
        ("token.issued", &itself, "client_secret"),
        ("consent-link.created", &developer, "developer"),
        ("consent-link.redeemed", &admin, "account:admin"),
        ("consent.granted", &admin, "account:admin"),
        ("consent.revoked", &admin, "account:admin"),
        ("key.deleted", &developer, "developer"),
    ] {
        let event = one(kind);
        assert_eq!(
            (event.attribute("actor"), event.attribute("authority")),
            (actor.as_str(), authority),
            "{kind}"
        );
    }
    for event in found {
        assert_eq!(event.attribute("organization"), organization.id);
        assert_eq!(event.attribute("specversion"), "1.0");
        assert!(event.attribute("source").starts_with("/mandate/"));
        assert_eq!(event.attribute("subject").split('/').next(), event.kind().split('.').next());
    }
    let refused = one("access.refused");
    assert_eq!(
        (refused.attribute("actor"), refused.fact("reason")),
        (admin.as_str(), &json!("link_already_used"))
    );
    let refused_token = one("token.refused");
    assert_eq!(refused_token.fact("reason"), "key_ended");

    // One request, one correlation; another request, another.
    let correlation = |kind| one(kind).attribute("correlationid");
    assert_eq!(correlation("consent-link.redeemed"), correlation("consent.granted"));
    assert_eq!(correlation("organization.created"), correlation("membership.granted"));
    assert_ne!(correlation("consent-link.redeemed"), correlation("access.refused"));

    let consented = one("consent.granted");
    assert_eq!(
        (consented.fact("account_id"), consented.fact("app_id")),
        (&json!(account.id), &json!(app.id))
    );
    assert_eq!(consented.fact("role"), "admin");
    let redeemed = one("consent-link.redeemed");
    assert_eq!(redeemed.fact("granted_count"), &json!(1));
    let grant = consented.fact("grant_id").as_str().unwrap().parse().unwrap();
    assert_eq!(redeemed.fact("grants_sha256"), &json!(grants_sha256([grant])));
}

/// The whole log, as the operator sees it: complete, in order, and without personal data.
async fn check_whole_log(system: &System, journey: &Journey) {
    let operator = system.operator();
    let log = events::all(&operator, "").await;
    let positions: Vec<i64> = log.iter().map(|event| event.position).collect();
    assert_eq!(positions, (1..).take(log.len()).collect::<Vec<i64>>());
    assert_dense(&log);
    let ids: BTreeSet<&str> = log.iter().map(|event| event.attribute("id")).collect();
    assert_eq!(ids.len(), log.len());

    for event in &log {
        let bytes = event.event.to_string();
        for personal in [
            "people.example",
            "Number",
            "operators.example",
            "127.0.0.1",
            USER_AGENT,
            "mandate_",
            "correct horse",
        ] {
            assert!(!bytes.contains(personal), "{personal} in {bytes}");
        }
        assert!(!bytes.contains(&journey.account.name), "{bytes}");
        for secret in &journey.secrets {
            assert!(!bytes.contains(secret), "{bytes}");
        }
    }
    let said = system.said();
    for secret in &journey.secrets {
        assert!(!said.contains(secret), "a secret was logged");
    }
    assert!(!said.contains("people.example"), "an email was logged: {said}");

    // From where it was done is kept beside the event, for operators and whoever did it.
    let (auditor, organization) = (&journey.organization.auditor, &journey.organization.id);
    let query = format!("organization_id={organization}");
    let with_context = eventually("the contexts of all events", async || {
        let events = events::all(&operator, &query).await;
        let missing = events
            .iter()
            .filter(|event| event.event.get("contexthash").is_some() && event.context.is_none());
        match missing.count() {
            0 => Ok(events),
            missing => Err(format!("{missing} are missing")),
        }
    });
    for event in with_context.await {
        let context =
            event.context.as_ref().unwrap_or_else(|| panic!("no context beside {}", event.event));
        assert_eq!(
            (&context["address"], &context["user_agent"]),
            (&json!("127.0.0.1"), &json!(USER_AGENT))
        );
    }
    assert!(events::all(auditor, &query).await.iter().all(|event| event.context.is_none()));
    for event in events::all(&journey.organization.developer, &query).await {
        let own = event.attribute("actor") == journey.organization.developer.actor();
        assert_eq!(event.context.is_some(), own, "{}", event.event);
    }
}
