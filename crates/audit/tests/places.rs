//! Where events are in the log is told to whoever has their ids, many in one question.

#![allow(clippy::unwrap_used, reason = "a test can only fail")]

mod support;

use contract::rpc::{AskedIds, EventPlace, PlacesOf};
use contract::{Envelope, EventId, Service};
use serde_json::json;
use service::CallContext;
use support::{Events, World};

fn id(event: &[u8]) -> EventId {
    Envelope::parse(event).unwrap().id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_recorded_has_a_place_and_what_is_not_has_none() {
    let world = World::new().await;
    let audit = world.audit().await;
    let (_, life) = Events::default().app(&world.env, world.env.new_id(), 3);
    world.publish(&life[0]).await;
    world.publish(&life[1]).await;
    world.until_recorded(2).await;

    // The third is on its way; of the fourth there is no event.
    let unknown: EventId = world.env.new_id();
    let ids = [id(&life[1]), id(&life[2]), unknown, id(&life[0])];
    let stranger = world.people.person(&world.env, &[]);
    let client = audit.client(&stranger);
    let answer = client.post("/v1/events/places", json!({ "ids": ids })).await.expect(200);
    let items = answer.json["items"].as_array().unwrap();
    let positions: Vec<_> = items.iter().map(|item| item["position"].as_i64()).collect();
    assert_eq!(positions, [Some(2), None, None, Some(1)]);
    assert!(items.iter().zip(&ids).all(|(item, id)| item["event_id"] == json!(id)));
    assert!(items[0]["recorded_at"].is_string());
    assert_eq!(
        items[1],
        json!({ "event_id": id(&life[2]), "position": null, "recorded_at": null })
    );

    let resources = world.servers.connect(Service::ConsentBroker, &stage::shared(&world.env)).await;
    let question = PlacesOf { event_ids: AskedIds::try_from(ids.to_vec()).unwrap() };
    let context = CallContext::new(&world.env);
    let places: Vec<EventPlace> = resources.rpc.call(&context, &question).await.unwrap();
    assert_eq!(json!(places), answer.json["items"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_hundred_ids_or_what_is_no_id_are_refused() {
    let world = World::new().await;
    let audit = world.audit().await;
    let somebody = world.people.person(&world.env, &[]);
    let client = audit.client(&somebody);
    let ids: Vec<EventId> = (0..101).map(|_| world.env.new_id()).collect();
    let places = async |body| client.post("/v1/events/places", body).await;
    places(json!({ "ids": ids[..100] })).await.expect(200);
    places(json!({ "ids": ids })).await.refuses_fields(&["ids"]);
    places(json!({ "ids": ["7"] })).await.refuses_fields(&["ids[0]"]);
    places(json!({ "ids": [] })).await.expect(200);
}
