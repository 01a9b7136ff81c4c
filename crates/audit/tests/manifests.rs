//! What services say that they recorded, held against the log; and holes, which are told of in it.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use contract::facts::{AppSuspended, ManifestReason, ManifestWritten};
use contract::manifest::{ManifestLine, sha256_hex, write_list};
use contract::rpc::{ManifestListOf, MemberRole};
use contract::{AppId, ManifestId, Provenance, Service, Version};
use serde_json::{Value, json};
use service::Resources;
use sqlx::AssertSqlSafe;
use stage::{Client, eventually};
use support::{Events, World};

/// Records so many events of one more app.
async fn record(registry: &Resources, count: i64) -> AppId {
    let app_id: AppId = registry.env.new_id();
    let provenance = Provenance::system(Service::AppRegistry, None, registry.env.new_id());
    let mut unit = registry.events.begin(&provenance);
    for number in 1..=count {
        let version = Version::new(number).unwrap();
        unit.record(app_id.uuid(), version, &AppSuspended { app_id }).unwrap();
    }
    unit.commit().await.unwrap();
    app_id
}

async fn report(operator: &Client) -> Value {
    operator.get("/v1/completeness").await.expect(200).json
}

/// What the report says of a service.
fn of(report: &Value, service: &str) -> Value {
    let services = report["services"].as_array().unwrap();
    services.iter().find(|of| of["service"] == service).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_was_removed_from_the_log_is_named_by_the_manifest_that_lists_it() {
    let world = World::new().await;
    let registry = world.service(Service::AppRegistry).await;
    let audit = world.audit_with_its_own_events().await;
    let operator = audit.client(&world.people.operator(&world.env));
    let removed = record(&registry, 3).await;
    record(&registry, 2).await;

    // Whoever is busy does not answer in time, and is asked again.
    let written = eventually("both services have said all", async || {
        let written = operator.post("/v1/manifests", json!({})).await.json;
        let items = written["items"].as_array()?;
        let complete = items.iter().filter(|item| item["complete"] == true).count();
        (complete == 2).then_some(written)
    })
    .await;
    assert_eq!(written["complete"], false, "who does not answer is no proof of anything");
    let items = written["items"].as_array().unwrap();
    assert_eq!(items.len(), Service::ALL.len());
    for item in items {
        let service = item["service"].as_str().unwrap();
        let answers = ["app-registry", "audit"].contains(&service);
        assert_eq!(item["unreachable_because"].is_null(), answers, "{item}");
        assert_eq!(item["complete"], answers, "{item}");
    }

    eventually("the list is here", async || {
        of(&report(&operator).await, "app-registry")["manifests"][0]["list_is_here"] == true
    })
    .await;
    let well = report(&operator).await;
    assert_eq!(well["complete"], true, "{well}");
    let manifest = of(&well, "app-registry")["manifests"][0].clone();
    assert_eq!(manifest["reason"], "asked");
    assert_eq!((&manifest["changed_streams"], &manifest["changed_events"]), (&json!(2), &json!(5)));
    assert_eq!((&manifest["streams"], &manifest["events"]), (&json!(2), &json!(5)));
    let list = operator.get("/audit/log/manifests/app-registry/1").await.expect(200);
    let list = String::from_utf8(list.body.to_vec()).unwrap();
    assert!(list.contains(&format!("app {removed} 1 3\n")), "{list}");

    // As the superuser, who stops at no trigger.
    let remove = format!(
        "SET session_replication_role = replica; DELETE FROM audit.entries WHERE stream_id = '{removed}'"
    );
    sqlx::raw_sql(AssertSqlSafe(remove)).execute(&world.sql).await.unwrap();
    let after = report(&operator).await;
    assert_eq!(after["complete"], false);
    let missing = of(&after, "app-registry")["missing"].clone();
    let expected = json!([{
        "manifest_version": 1,
        "manifest_position": manifest["position"],
        "stream": format!("app/{removed}"),
        "from_version": 1,
        "to_version": 3,
        "missing": 3,
    }]);
    assert_eq!(missing, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_that_does_not_come_is_told_as_late() {
    let world = World::new().await;
    let registry = world.service(Service::AppRegistry).await;
    let audit = world.audit_with_its_own_events().await;
    let operator = audit.client(&world.people.operator(&world.env));
    record(&registry, 2).await;
    world.until_recorded(2).await;
    let early = report(&operator).await;
    assert_eq!(early["complete"], true, "{early}");
    let of_registry = of(&early, "app-registry");
    assert_eq!(of_registry["entries_since_last_manifest"], 2);
    assert_eq!(
        (&of_registry["last_manifest"], &of_registry["manifest_is_late"]),
        (&Value::Null, &json!(false))
    );

    let long_ago = "SET session_replication_role = replica;
        UPDATE audit.entries SET occurred_at = occurred_at - interval '121 minutes'";
    sqlx::raw_sql(long_ago).execute(&world.sql).await.unwrap();
    let late = report(&operator).await;
    assert_eq!((&late["complete"], &late["next_from"]), (&json!(false), &Value::Null));
    assert_eq!(of(&late, "app-registry")["manifest_is_late"], true);
    assert_eq!(of(&late, "audit")["manifest_is_late"], false);

    eventually("a manifest lists them", async || {
        let written = operator.post("/v1/manifests", json!({})).await.json;
        let items = written["items"].as_array()?;
        items
            .iter()
            .any(|item| item["service"] == "app-registry" && item["complete"] == true)
            .then_some(())
    })
    .await;
    let listed = eventually("its list is here", async || {
        let report = report(&operator).await;
        let of = of(&report, "app-registry");
        if of["complete"] == true { Ok(of) } else { Err(report) }
    })
    .await;
    let manifest = &listed["manifests"][0];
    let last = ["version", "position", "recorded_at"];
    assert_eq!(listed["manifest_is_late"], false);
    assert_eq!(last.map(|of| &listed["last_manifest"][of]), last.map(|of| &manifest[of]));
    // A time without any tells of the last all the same.
    let none = operator.get("/v1/completeness?to=2026-01-01T00:00:00Z").await.expect(200).json;
    assert_eq!(of(&none, "app-registry")["last_manifest"]["version"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_is_told_as_late_however_much_others_recorded_before() {
    let world = World::new().await;
    let registry = world.service(Service::AppRegistry).await;
    let audit = world.audit().await;
    let operator = audit.client(&world.people.operator(&world.env));
    record(&registry, 2).await;
    world.until_recorded(2).await;
    // As of a log in which the notifier had much to tell.
    let filled = "SET session_replication_role = replica;
        UPDATE audit.entries SET position = position + 20001, occurred_at = occurred_at - interval '121 minutes';
        INSERT INTO audit.entries SELECT filled.* FROM generate_series(1, 20001) AS n CROSS JOIN LATERAL (
            SELECT (jsonb_populate_record(entries, jsonb_build_object('position', n, 'event_id', gen_random_uuid(),
                'stream_id', gen_random_uuid(), 'source', 'notifier', 'stream_kind', 'mail',
                'type', 'mandate.mail.sent.v1', 'occurred_at', now()))).*
            FROM audit.entries WHERE position = 20002) AS filled";
    sqlx::raw_sql(filled).execute(&world.sql).await.unwrap();
    let late = report(&operator).await;
    assert_eq!(of(&late, "app-registry")["entries_since_last_manifest"], 0, "{late}");
    assert_eq!(of(&late, "app-registry")["manifest_is_late"], true, "{late}");
    assert_eq!(of(&late, "notifier")["manifest_is_late"], false, "{late}");
    assert_eq!(late["complete"], false);
    // A time may be written with an offset as it is.
    operator.get("/v1/completeness?from=2026-01-31T08:00:00+02:00").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_manifest_that_cannot_be_read_is_told_and_hides_nothing_else() {
    let world = World::new().await;
    let registry = world.service(Service::AppRegistry).await;
    let audit = world.audit().await;
    let operator = audit.client(&world.people.operator(&world.env));
    record(&registry, 1).await;
    world.until_recorded(1).await;
    let made_one = "SET session_replication_role = replica;
        UPDATE audit.entries SET type = 'mandate.manifest.written.v1'";
    sqlx::raw_sql(made_one).execute(&world.sql).await.unwrap();
    let report = report(&operator).await;
    assert_eq!(of(&report, "app-registry")["complete"], false, "{report}");
    assert_eq!(of(&report, "directory")["complete"], true, "{report}");
    assert_eq!(report["next_from"], Value::Null);

    // It is one of those that fill a report.
    let filled = "SET session_replication_role = replica;
        UPDATE audit.entries SET recorded_at = recorded_at - interval '1 hour';
        UPDATE audit.head SET size = 2001;
        INSERT INTO audit.entries SELECT filled.* FROM generate_series(2, 2001) AS n CROSS JOIN LATERAL (
            SELECT (jsonb_populate_record(entries, jsonb_build_object('position', n, 'event_id', gen_random_uuid(),
                'version', n, 'recorded_at', recorded_at + n * interval '1 millisecond'))).*
            FROM audit.entries WHERE position = 1) AS filled";
    sqlx::raw_sql(filled).execute(&world.sql).await.unwrap();
    let report = operator.get("/v1/completeness").await.expect(200).json;
    let next = report["next_from"].as_str().unwrap_or_else(|| panic!("{report}"));
    let rest = operator.get(&format!("/v1/completeness?from={next}")).await.expect(200).json;
    assert_eq!(of(&rest, "app-registry")["complete"], false, "{rest}");
    assert_eq!(rest["next_from"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn manifests_that_list_too_much_for_one_report_are_told_of_in_parts() {
    let world = World::new().await;
    let audit = world.audit().await;
    let operator = audit.client(&world.people.operator(&world.env));
    let (service, events) = (Service::Notifier, Events::default());
    let provenance = Provenance::system(service, None, world.env.new_id());
    let mut previous = None;
    for recorded in 1..=3 {
        let manifest = ManifestWritten {
            previous,
            kinds: Vec::new(),
            changed_streams: 1,
            changed_events: 600_000,
            list_hash: sha256_hex(b""),
            reason: ManifestReason::Hour,
        };
        let stream = ManifestId::of(service).uuid();
        let event = events.record(&world.env, stream, &provenance, &manifest);
        previous = Some(sha256_hex(&event));
        world.publish(&event).await;
        world.until_recorded(recorded).await;
    }

    // Two of them list more than a million events: each is in a report of its own.
    let mut told = Vec::new();
    let mut from = "1970-01-01T00:00:00Z".to_owned();
    loop {
        let part = operator.get(&format!("/v1/completeness?from={from}")).await.expect(200).json;
        let of = of(&part, "notifier");
        assert_eq!(of["last_manifest"]["version"], 3);
        for manifest in of["manifests"].as_array().unwrap() {
            assert_eq!(manifest["continues"], true, "across parts, too: {manifest}");
            told.push(manifest["version"].as_i64().unwrap());
        }
        match part["next_from"].as_str() {
            Some(next) => from = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(told, [1, 2, 3]);
    let whole = operator.get("/v1/completeness").await.expect(200).json;
    assert_eq!(of(&whole, "notifier")["manifests"].as_array().unwrap().len(), 1);
    assert!(whole["next_from"].is_string(), "{whole}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_is_not_the_manifests_is_refused_and_asked_for_again() {
    let world = World::new().await;
    let audit = world.audit().await;
    let operator = audit.client(&world.people.operator(&world.env));
    // A service that keeps another list than it recorded.
    let service = Service::Notifier;
    let resources = world.servers.connect(service, &stage::shared(&world.env)).await;
    let stream = ManifestId::of(service).uuid();
    let line = |to: i64| {
        let [from, to] = [1, to].map(|number| Version::new(number).unwrap());
        write_list(&mut [ManifestLine { kind: "subscriber", stream: uuid(7), from, to }])
    };
    let (recorded, other) = (line(1), line(2));
    let manifest = ManifestWritten {
        previous: None,
        kinds: Vec::new(),
        changed_streams: 1,
        changed_events: 1,
        list_hash: sha256_hex(recorded.as_bytes()),
        reason: ManifestReason::Hour,
    };
    let is_right = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicBool::new(false));
    let (answers, noted) = (Arc::clone(&is_right), Arc::clone(&asked));
    resources
        .serve_rpc(move |_, _: ManifestListOf| {
            noted.store(true, Ordering::SeqCst);
            let list = if answers.load(Ordering::SeqCst) { &recorded } else { &other };
            std::future::ready(Ok(Some(list.clone())))
        })
        .await
        .unwrap();
    let provenance = Provenance::system(service, None, world.env.new_id());
    let event = Events::default().record(&world.env, stream, &provenance, &manifest);
    world.publish(&event).await;
    world.until_recorded(1).await;
    let kept = "SELECT count(*) FROM audit.manifest_lists";
    for _ in 0..2 {
        eventually("it was asked for", async || asked.swap(false, Ordering::SeqCst)).await;
        assert_eq!(world.count(kept).await, 0);
        let told = of(&report(&operator).await, "notifier");
        assert_eq!(told["manifests"][0]["list_is_here"], false);
        assert_eq!(told["complete"], false);
    }
    operator.get("/audit/log/manifests/notifier/1").await.expect(404);

    is_right.store(true, Ordering::SeqCst);
    eventually("the right list is kept", async || world.count(kept).await == 1).await;
    let told = of(&report(&operator).await, "notifier");
    assert_eq!(told["manifests"][0]["list_is_here"], true);
    assert_eq!(told["missing"][0]["stream"], format!("subscriber/{}", uuid(7)));
    operator.get("/audit/log/manifests/notifier/1").await.expect(200);
    for path in ["nobody/1", "notifier/0", "notifier/x", "notifier/2"] {
        operator.get(&format!("/audit/log/manifests/{path}")).await.expect(404);
    }

    // Nor does another count that whoever owns the database puts in its place.
    let other =
        "SET session_replication_role = replica; UPDATE audit.manifest_lists SET list = 'another'";
    sqlx::raw_sql(other).execute(&world.sql).await.unwrap();
    let told = of(&report(&operator).await, "notifier");
    assert_eq!(told["manifests"][0]["list_is_here"], false);
    assert_eq!(told["complete"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hole_is_told_of_in_the_log_once_when_it_is_noticed_and_once_when_it_is_repaired() {
    let world = World::new().await;
    let audit = world.audit_with_its_own_events().await;
    let second = world.audit_with_its_own_events().await;
    let operator = audit.client(&world.people.operator(&world.env));
    let events = Events::default();
    let (app, life) = events.app(&world.env, world.env.new_id(), 3);
    // The first two were lost on the way, and their service does not answer.
    world.publish(&life[2]).await;
    let told = async |kind: &str| {
        let page = operator.get(&format!("/v1/events?type=mandate.hole.{kind}.v1")).await;
        page.json["items"].as_array().cloned().unwrap_or_default()
    };
    eventually("it is told of", async || told("noticed").await.len() == 1).await;
    let noticed = told("noticed").await[0]["event"].clone();
    let data = &noticed["data"];
    assert_eq!(data["service"], "app-registry");
    assert_eq!(data["stream_id"], app.to_string());
    assert_eq!((&data["from_version"], &data["to_version"]), (&json!(1), &json!(3)));
    let open = report(&operator).await;
    assert_eq!(open["complete"], false);
    assert_eq!(open["open_holes"][0]["stream_id"], app.to_string());

    world.producer(&events).await;
    eventually("its repair is told of", async || told("repaired").await.len() == 1).await;
    let repaired = told("repaired").await[0]["event"].clone();
    assert_eq!(repaired["data"]["hole_id"], data["hole_id"]);
    assert_eq!(repaired["subject"], noticed["subject"]);
    assert_eq!(repaired["data"]["to_version"], 3);
    let after = report(&operator).await;
    assert_eq!(after["open_holes"], json!([]));
    assert_eq!(after["complete"], true, "{after}");
    assert_eq!(told("noticed").await.len(), 1);
    assert_eq!(
        world.count("SELECT count(*) FROM audit.events WHERE stream_kind = 'hole'").await,
        2
    );
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_event_tells_of_a_hole_in_audits_own_streams() {
    let world = World::new().await;
    // Nobody answers for audit's events.
    let audit = world.audit().await;
    let operator = audit.client(&world.people.operator(&world.env));
    let events = Events::default();
    let provenance = Provenance::system(Service::Audit, None, world.env.new_id());
    let stream = uuid(9);
    let hole = |version: i64| contract::facts::HoleNoticed {
        hole_id: contract::HoleId::from_uuid(stream),
        service: Service::AppRegistry,
        stream_id: uuid(1),
        from_version: version,
        to_version: version,
    };
    events.record(&world.env, stream, &provenance, &hole(1));
    let second = events.record(&world.env, stream, &provenance, &hole(2));
    world.publish(&second).await;
    eventually("it is known", async || {
        world.count("SELECT count(*) FROM audit.gaps WHERE hole_id IS NULL").await == 1
    })
    .await;
    assert_eq!(world.count("SELECT count(*) FROM audit.events").await, 0);
    assert_eq!(report(&operator).await["open_holes"][0]["service"], "audit");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_and_manifests_are_for_operators_and_a_time_that_cannot_be_meant_is_refused() {
    let world = World::new().await;
    let audit = world.audit().await;
    let member = world.people.person(&world.env, &[(world.env.new_id(), MemberRole::Auditor)]);
    let member = audit.client(&member);
    member.get("/v1/completeness").await.expect(403);
    member.post("/v1/manifests", json!({})).await.expect(403);
    member.get("/audit/log/manifests/audit/1").await.expect(403);
    let operator = audit.client(&world.people.operator(&world.env));
    for (query, field) in [
        ("from=yesterday", "from"),
        ("to=2026-13-01T00:00:00Z", "to"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
        ("until=2026-01-01T00:00:00Z", "until"),
    ] {
        operator.get(&format!("/v1/completeness?{query}")).await.refuses_fields(&[field]);
    }
    let nothing = report(&operator).await;
    assert_eq!((&nothing["complete"], &nothing["log_size"]), (&json!(true), &json!(0)));
}

fn uuid(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}
