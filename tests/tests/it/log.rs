//! The audit log, as its readers ask it: rules 32 to 34.

use std::collections::BTreeSet;

use contract::Service;
use journeys::events::{self, Event};
use journeys::people::RETAIL_MEDIA;
use journeys::system::{Servers, shared};
use serde_json::json;
use stage::{Method, eventually};

#[tokio::test]
async fn whoever_keeps_no_checkpoint_is_warned_at_the_start() {
    let warning = "audit.keep_dir is not set";
    let folder = tempfile::tempdir().unwrap();
    let kept = format!("[audit]\nkeep_dir = \"{}\"\n", folder.path().display());
    for (settings, is_warned) in [("", true), (kept.as_str(), false)] {
        let servers = Servers::migrated(settings).await;
        let (process, _) = servers.serve(&[Service::Audit]).await;
        let said = process.stderr();
        assert_eq!(said.contains(warning), is_warned, "{said}");
    }
}

#[tokio::test]
async fn a_question_that_cannot_be_meant_is_refused_by_its_field() {
    let organization = shared().await.operator().organization().await;
    for (query, field) in [
        ("organisation_id=x", "organisation_id"),
        ("app_id=x", "app_id"),
        ("account_id=x", "account_id"),
        ("actor=me", "actor"),
        ("stream=app", "stream"),
        ("from=yesterday", "from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("order=random", "order"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("type=created", "type"),
        ("type=mandate.app.created", "type"),
        ("type=mandate.unicorn.*", "type"),
        ("after=-1", "after"),
        ("after=9000000000000000000", "after"),
        ("after=1&order=desc", "order"),
        ("cursor=nonsense", "cursor"),
    ] {
        organization.auditor.get(&format!("/v1/events?{query}")).await.refuses_fields(&[field]);
    }
}

#[tokio::test]
async fn every_filter_finds_what_it_names_and_pages_follow_each_other_without_gaps() {
    let system = shared().await;
    let organization = system.operator().organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let draft = developer.draft(&organization, RETAIL_MEDIA).await;
    let reader = &organization.auditor;
    let by_organization = format!("organization_id={}", organization.id);
    let all =
        events::found(reader, &by_organization, &["app.created", "app.created", "app.activated"])
            .await;
    let kinds = async |query: String| -> Vec<String> {
        events::all(reader, &query).await.iter().map(|event| event.kind().to_owned()).collect()
    };
    assert_eq!(kinds(format!("stream=app/{}", app.id)).await, ["app.created", "app.activated"]);
    assert_eq!(kinds(format!("app_id={}", draft.id)).await, ["app.created"]);
    assert_eq!(
        kinds(format!("{by_organization}&type=mandate.app.*")).await,
        ["app.created", "app.activated", "app.created"]
    );
    assert_eq!(
        kinds(format!("actor={}", developer.actor())).await,
        ["app.created", "app.activated", "app.created"]
    );
    let activated = all.iter().find(|event| event.kind() == "app.activated").unwrap();
    let at = activated.attribute("time");
    let is_activated = "app.activated".to_owned();
    // By the time at which they happened, and by that at which they were recorded, which is later.
    let since = kinds(format!("{by_organization}&occurred_from={at}")).await;
    assert_eq!(since.first(), Some(&is_activated), "{since:?}");
    assert!(kinds(format!("{by_organization}&from={at}")).await.contains(&is_activated));
    for before in ["occurred_to", "to"] {
        let before = kinds(format!("{by_organization}&{before}={at}")).await;
        assert!(!before.contains(&is_activated), "{before:?}");
    }

    // One at a time, newest first, is the same list backwards.
    let (mut positions, mut path) = (Vec::new(), format!("/v1/events?{by_organization}&limit=1"));
    loop {
        let page = reader.get(&path).await.expect(200).json;
        positions.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["position"].as_i64().unwrap()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/v1/events?{by_organization}&limit=1&cursor={cursor}"),
            None => break,
        }
    }
    let expected: Vec<i64> = all.iter().rev().map(|event| event.position).collect();
    assert_eq!(positions, expected);

    let path = format!("/v1/events/{}", activated.attribute("id"));
    assert_eq!(reader.get(&path).await.expect(200).json["event"], activated.event);
    let request =
        reader.request(Method::GET, &path).header("accept", "application/cloudevents+json");
    let bytes = request.send().await.expect(200);
    assert_eq!(bytes.header("content-type"), "application/cloudevents+json");
    assert_eq!(bytes.json, activated.event);
}

#[tokio::test]
async fn a_type_that_there_is_not_is_refused_with_the_nearest() {
    let organization = shared().await.operator().organization().await;
    let refused = organization.auditor.get("/v1/events?type=mandate.app.created").await;
    refused.problem(422, "invalid-request");
    let fault = &refused.json["errors"][0];
    assert_eq!(fault["code"], "not_one_of");
    assert_eq!(fault["parameters"]["nearest"][0], "mandate.app.created.v1");
}

#[tokio::test]
async fn whoever_follows_the_log_gets_every_event_once_and_goes_on_past_its_end() {
    let organization = shared().await.operator().organization().await;
    let (reader, developer) = (&organization.auditor, &organization.developer);
    let query = format!("organization_id={}&type=mandate.app.*", organization.id);
    let (mut after, mut kinds) = (0, Vec::<String>::new());
    let mut next = async |wanted: usize| {
        eventually("what comes next", async || {
            let page = reader.get(&format!("/v1/events?{query}&after={after}&limit=1")).await;
            let page = page.expect(200).json;
            after = page["last_position"].as_i64().unwrap();
            let items = page["items"].as_array().unwrap();
            kinds.extend(
                items.iter().map(|item| item["event"]["type"].as_str().unwrap().to_owned()),
            );
            (kinds.len() >= wanted && items.is_empty()).then_some((after, kinds.clone()))
        })
        .await
    };
    let (empty, none) = next(0).await;
    assert!(none.is_empty(), "{none:?}");
    let app = developer.draft(&organization, RETAIL_MEDIA).await;
    let created = "mandate.app.created.v1";
    let (end, found) = next(1).await;
    assert_eq!(found, [created]);
    assert!(end > empty);
    // At the end for a while, and then on from there.
    assert_eq!(next(1).await.1, [created]);
    developer.act(&format!("/v1/apps/{}/activate", app.id)).await.expect(200);
    let (_, found) = next(2).await;
    assert_eq!(found, [created, "mandate.app.activated.v1"]);
}

#[tokio::test]
async fn everybody_sees_their_own_part_of_the_log_and_no_other() {
    let system = shared().await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin", "viewer"]).await;
    let link = organization.developer.link(&app).await;
    account.admin().approve(&link, &[&account.id]).await.expect(200);
    let query = format!("organization_id={}", organization.id);
    let all = events::found(&organization.auditor, &query, &["consent.granted"]).await;
    let granted = all.iter().find(|event| event.kind() == "consent.granted").unwrap();
    let path = format!("/v1/events/{}", granted.attribute("id"));
    let created = all.iter().find(|event| event.kind() == "app.created").unwrap();

    let viewer = account.person("viewer");
    let of_account = events::all(viewer, &format!("account_id={}", account.id)).await;
    assert!(of_account.iter().any(|event| event.event == granted.event));
    viewer.get(&path).await.expect(200);
    viewer
        .get(&format!("/v1/events/{}", created.attribute("id")))
        .await
        .problem(404, "event-not-found");
    viewer.get("/v1/events").await.problem(403, "role-not-allowed");
    viewer.get(&format!("/v1/events?{query}")).await.problem(404, "organization-not-found");

    let elsewhere = operator.organization().await;
    elsewhere.owner.get(&path).await.problem(404, "event-not-found");
    elsewhere
        .owner
        .get(&format!("/v1/events?{query}"))
        .await
        .problem(404, "organization-not-found");
    let stranger = operator.person("Guest").await;
    stranger
        .get(&format!("/v1/events?account_id={}", account.id))
        .await
        .problem(404, "account-not-found");

    // Without a filter a member sees their organization's events, all of them and nothing else.
    let mine: BTreeSet<String> = ids(&events::all(&organization.owner, "").await);
    assert_eq!(mine, ids(&all));
    // An account's events are the customer's; the app's developers see those of their own app only.
    let of_developers =
        events::all(&organization.developer, &format!("account_id={}", account.id)).await;
    assert!(
        of_developers.iter().all(|event| event.event["organization"] == json!(organization.id))
    );
}

fn ids(events: &[Event]) -> BTreeSet<String> {
    events.iter().map(|event| event.attribute("id").to_owned()).collect()
}
