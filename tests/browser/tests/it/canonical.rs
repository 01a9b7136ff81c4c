//! What this build does otherwise than the product's.

use contract::{
    AppId, Envelope, Environment, Provenance, Service, Version,
    envelope::{Commitments, EventHeader},
    facts::AppArchived,
};

#[test]
fn keys_of_an_event_are_sorted_whatever_the_build_makes_of_their_order() {
    let data: serde_json::Value = serde_json::from_str(r#"{"b":1,"a":{"d":2,"c":3}}"#).unwrap();
    // The driver of browsers wants keys to stay as they came, and what one crate of a build wants all of it have.
    assert_eq!(data.to_string(), r#"{"b":1,"a":{"d":2,"c":3}}"#);
    let environment = Environment::system();
    let app: AppId = environment.new_id();
    let header = EventHeader {
        id: environment.new_id(),
        stream: app.uuid(),
        version: Version::FIRST,
        time: environment.now(),
        source: Service::AppRegistry,
    };
    let provenance = Provenance::system(Service::AppRegistry, None, environment.new_id());
    let fact = AppArchived { app_id: app };
    let archived = Envelope::of(&header, &provenance, Commitments::default(), &fact).unwrap();
    let canonical = Envelope { data, ..archived }.canonical().unwrap();
    let canonical = String::from_utf8(canonical).unwrap();
    assert!(canonical.contains(r#""data":{"a":{"c":3,"d":2},"b":1}"#), "{canonical}");
}
