//! What is kept beside an event is shown to those who may see it, if it belongs to the event; can be erased;
//! and is awaited until it comes.

mod support;

use std::sync::atomic::Ordering::SeqCst;

use axum::http::Method;
use contract::facts::AppArchived;
use contract::{AppId, Commitment, Envelope, OrganizationId, Sealed};
use eventstore::audit_message::EventWithParts;
use serde_json::{Value, json};
use service::MemberRole;
use stage::{Person, eventually};
use support::{Events, Replica, World, acting};

/// Records that the owner of an organization has archived an app.
fn archived(world: &World, owner: &Person, organization: OrganizationId) -> EventWithParts {
    let (provenance, parts) = acting(&world.env, owner.id, organization);
    let app_id: AppId = world.env.new_id();
    let fact = AppArchived { app_id };
    Events::default().record_with(&world.env, app_id.uuid(), &provenance, parts, &fact)
}

/// What somebody is shown of the only event.
async fn shown(audit: &Replica, who: &Person) -> Value {
    audit.get(who, "/v1/events").await.expect(200).json["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_are_shown_to_those_allowed_if_they_keep_their_events_commitments() {
    let world = World::new().await;
    let audit = world.audit().await;
    let organization: OrganizationId = world.env.new_id();
    let operator = world.people.operator(&world.env);
    let owner = world.people.person(&world.env, &[(organization, MemberRole::Owner)]);
    let auditor = world.people.person(&world.env, &[(organization, MemberRole::Auditor)]);
    let event = archived(&world, &owner, organization);
    let forge = |sealed: &Option<Sealed>, bytes: &[u8]| {
        Some(Sealed { salt: sealed.as_ref().unwrap().salt, bytes: bytes.to_vec() })
    };
    let forged = EventWithParts {
        event: event.event.clone(),
        context: forge(&event.context, br#"{"address":"203.0.113.9"}"#),
        details: forge(&event.details, br#"{"name":"Shelf Plunderer"}"#),
    };

    // Forged ones come first, with the event: the event is recorded, they are not.
    world.publish_with(&forged).await;
    world.until_recorded(1).await;
    let conflicts = async || {
        let kinds = "SELECT kind FROM audit.conflicts WHERE payload IS NULL ORDER BY kind";
        sqlx::query_scalar::<_, String>(kinds).fetch_all(&world.sql).await.unwrap()
    };
    assert_eq!(conflicts().await, ["context", "details"], "the forged ones are noted");
    let item = shown(&audit, &operator).await;
    assert!(item.get("context").is_none() && item.get("details").is_none(), "{item}");

    // The event comes again, with its own; then with the forged ones once more.
    world.publish_with(&event).await;
    world.until_kept(1, 1).await;
    world.publish_with(&forged).await;
    eventually("the work queue forgets", async || world.waiting_in_queue().await == 0).await;
    assert_eq!(conflicts().await.len(), 2);
    world.until_kept(1, 1).await;
    for (who, sees_context) in [(&operator, true), (&owner, true), (&auditor, false)] {
        let item = shown(&audit, who).await;
        assert_eq!(item["context"]["address"].as_str(), sees_context.then_some("192.0.2.1"));
        assert_eq!(item["details"], json!({ "name": "Shelf Optimizer" }));
        let path = format!("/v1/events/{}", item["event"]["id"].as_str().unwrap());
        assert_eq!(audit.get(who, &path).await.expect(200).json, item);
    }
    assert!(audit.health.readiness().await.checks["audit/conflicts"].ok, "no event contradicts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_were_tampered_with_are_not_shown() {
    let world = World::new().await;
    let audit = world.audit().await;
    let organization: OrganizationId = world.env.new_id();
    let owner = world.people.person(&world.env, &[(organization, MemberRole::Owner)]);
    world.publish_with(&archived(&world, &owner, organization)).await;
    world.until_kept(1, 1).await;
    world.change(r#"UPDATE audit.entry_contexts SET context = '{"address":"203.0.113.9"}'"#).await;
    world.change(r#"UPDATE audit.entry_details SET details = '{"name":"Shelf Plunderer"}'"#).await;
    let item = shown(&audit, &owner).await;
    assert!(item.get("context").is_none() && item.get("details").is_none(), "{item}");
    assert_eq!(item["position"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_can_be_erased_and_the_event_and_the_other_part_still_hold() {
    for (erased, left) in [("context", "details"), ("details", "context")] {
        let world = World::new().await;
        let audit = world.audit().await;
        let organization: OrganizationId = world.env.new_id();
        let owner = world.people.person(&world.env, &[(organization, MemberRole::Owner)]);
        let event = archived(&world, &owner, organization);
        world.publish_with(&event).await;
        world.until_kept(1, 1).await;
        let mut before = shown(&audit, &owner).await;

        let (erase, rest) = match erased {
            "context" => (
                "DELETE FROM audit.entry_contexts",
                "SELECT salt, details FROM audit.entry_details",
            ),
            _ => (
                "DELETE FROM audit.entry_details",
                "SELECT salt, context FROM audit.entry_contexts",
            ),
        };
        world.change(erase).await;

        let after = shown(&audit, &owner).await;
        assert!(before.as_object_mut().unwrap().remove(erased).is_some(), "it was shown");
        assert_eq!(after, before, "all else is shown as before");
        assert!(after.get(left).is_some());

        let path = format!("/v1/events/{}", Envelope::parse(&event.event).unwrap().id);
        let request = audit.client(&owner).request(Method::GET, &path);
        let exact = request.header("accept", "application/cloudevents+json").send().await.body;
        assert_eq!(exact, event.event, "the event is the same, with both commitments");
        let commitments = Envelope::parse(&exact).unwrap();
        let hash = |part| match part {
            "context" => commitments.contexthash.unwrap(),
            _ => commitments.detailshash.unwrap(),
        };
        assert_ne!(hash(erased), hash(left));
        let (salt, bytes): (Vec<u8>, Vec<u8>) =
            sqlx::query_as(rest).fetch_one(&world.sql).await.unwrap();
        let kept = Commitment::of(&contract::Salt(salt.try_into().unwrap()), &bytes);
        assert_eq!(kept, hash(left), "the other part is bound to the event as before");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_lost_with_its_parts_is_had_with_its_parts() {
    let world = World::new().await;
    let audit = world.audit().await;
    let events = Events::default();
    world.producer(&events).await;
    // The others never arrive before the last, which shows that they are missing: more than are published
    // at once.
    let life = events.with_parts(&world.env, world.env.new_id(), 600);
    world.publish_life(&life[599..]).await;
    world.until_recorded(600).await;
    world.until_kept(600, 600).await;
    world.assert_dense(600).await;
    assert_eq!(world.awaited_parts().await, 0);
    assert!(audit.health.readiness().await.ready);
    assert_eq!(world.count("SELECT count(*) FROM audit.conflicts").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_do_not_come_are_asked_for_until_they_do() {
    let world = World::new().await;
    let audit = world.audit().await;
    let events = Events::default();
    events.repeating().refused.store(2, SeqCst);
    events.repeating().lost.store(1, SeqCst);
    world.producer(&events).await;
    let life = events.with_parts(&world.env, world.env.new_id(), 3);
    world.publish_life(&life[2..]).await;
    world.until_recorded(3).await;
    // Two events, each with two parts.
    world.until_parts_were_asked_for(4).await;
    // What it published was lost; minutes later the operator hears of it, and it is asked again.
    let later = "UPDATE audit.awaited_parts SET noticed_at = noticed_at - interval '9 minutes'";
    sqlx::query(later).execute(&world.sql).await.unwrap();
    let readiness = audit.health.readiness().await;
    assert!(!readiness.checks["audit/awaited-parts"].ok, "{readiness:?}");
    world.minutes_pass_since_parts_were_asked_for().await;
    world.until_kept(3, 3).await;
    eventually("nothing is awaited", async || world.awaited_parts().await == 0).await;
    assert!(audit.health.readiness().await.ready);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_contradicts_the_record_does_not_end_the_waiting_for_parts() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let events = Events::default();
    events.repeating().lost.store(1, SeqCst);
    world.producer(&events).await;
    let life = events.with_parts(&world.env, world.env.new_id(), 2);
    world.publish_life(&life[1..]).await;
    world.until_recorded(2).await;
    // Of the first event, which its producer told, both parts are awaited.
    world.until_parts_were_asked_for(2).await;

    let first = Envelope::parse(&life[0].event).unwrap();
    let app_id = AppId::from_uuid(first.stream_id());
    let (provenance, parts) = acting(&world.env, world.env.new_id(), world.env.new_id());
    let elsewhere = Events::default();
    let fact = AppArchived { app_id };
    let other = elsewhere.record_with(&world.env, app_id.uuid(), &provenance, parts, &fact);
    assert_eq!(Envelope::parse(&other.event).unwrap().streamversion, first.streamversion);
    world.publish_with(&other).await;
    let conflicts = "SELECT count(*) FROM audit.conflicts WHERE kind = 'other_bytes'";
    eventually("it is noted", async || world.count(conflicts).await == 1).await;
    assert_eq!(world.awaited_parts().await, 2, "the genuine event's parts are awaited as before");

    world.minutes_pass_since_parts_were_asked_for().await;
    world.until_kept(2, 2).await;
    eventually("nothing is awaited", async || world.awaited_parts().await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_its_producer_has_erased_is_awaited_no_longer_and_the_other_comes() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let events = Events::default();
    let life = events.with_parts(&world.env, world.env.new_id(), 3);
    events.erase_contexts();
    world.producer(&events).await;
    world.publish_life(&life[2..]).await;
    world.until_recorded(3).await;
    world.until_kept(1, 3).await;
    eventually("nothing is awaited", async || world.awaited_parts().await == 0).await;
    world.assert_dense(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_of_events_that_their_producer_has_no_more_are_given_up() {
    let world = World::new().await;
    let _audit = world.audit().await;
    let events = Events::default();
    let life = events.with_parts(&world.env, world.env.new_id(), 3);
    events.repeating().lost.store(1, SeqCst);
    world.producer(&events).await;
    world.publish_life(&life[2..]).await;
    world.until_recorded(3).await;
    world.until_parts_were_asked_for(4).await;
    // It was set back to a time before these events.
    events.forget();
    world.minutes_pass_since_parts_were_asked_for().await;
    eventually("nothing is awaited", async || world.awaited_parts().await == 0).await;
    world.until_kept(1, 1).await;
}
