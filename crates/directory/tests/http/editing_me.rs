//! Changing one's name and the language in which one is written to.

use axum::http::Method;
use futures::future::join_all;
use serde_json::{Value, json};
use stage::{Answer, Client};

use crate::sessions::session;
use crate::stage::{PASSWORD, Stage};

const ME: &str = "/v1/people/me";

async fn edit_if(client: &Client, tag: &str, body: Value) -> Answer {
    client.request(Method::PATCH, ME).json(body).header("if-match", tag).send().await
}

fn tag(answer: &Answer) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_person_changes_their_name_and_language_and_the_event_says_only_that() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.person("owner").await, stage.person("other").await);
    let (_, in_session) = session(&stage, &owner).await;
    let body = json!({ "name": " Ada Typed ", "language": "fr" });
    let (answer, events) = stage.events_of(in_session.patch(ME, body)).await;
    let edited = answer.expect(200);
    assert_eq!(events, ["person.edited"]);
    assert_eq!(
        (&edited.json["name"], &edited.json["language"]),
        (&json!("Ada Typed"), &json!("fr"))
    );
    let read = owner.get(ME).await.expect(200);
    assert_eq!((&read.json["name"], tag(&read)), (&json!("Ada Typed"), tag(&edited)));
    assert_eq!(tag(&owner.get(&format!("/v1/people/{}", owner.id)).await), tag(&edited));
    assert_eq!(other.get(ME).await.expect(200).json["name"], "other");

    let (envelope, details): (Vec<u8>, Vec<u8>) = sqlx::query_as(
        "SELECT e.envelope, d.details FROM directory.events e JOIN directory.details d ON d.event_id = e.id
         WHERE e.type = 'mandate.person.edited.v1'",
    )
    .fetch_one(&stage.resources.pool)
    .await
    .unwrap();
    let event: Value = serde_json::from_slice(&envelope).unwrap();
    assert_eq!(event["data"]["changed"], json!(["name", "language"]));
    assert_eq!((&event["authority"], &event["organization"]), (&json!("self"), &Value::Null));
    assert!(!event.to_string().contains("Typed"), "{event}");
    let details: Value = serde_json::from_slice(&details).unwrap();
    assert_eq!(details, json!({ "name": "Ada Typed" }));

    // From now on they are written to in that language.
    let change = json!({ "current_password": PASSWORD, "new_password": "another battery staple" });
    owner.put("/v1/people/me/password", change).await.expect(204);
    let language: String = sqlx::query_scalar(
        "SELECT language FROM directory.mails WHERE template = 'password_changed'",
    )
    .fetch_one(&stage.resources.pool)
    .await
    .unwrap();
    assert_eq!(language, "fr");
    stage.close().await;
}

#[tokio::test]
async fn what_is_left_out_stays_and_what_is_the_same_leaves_no_event() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let (answer, events) = stage.events_of(owner.patch(ME, json!({ "language": "fr" }))).await;
    assert_eq!((&answer.expect(200).json["name"], events.len()), (&json!("owner"), 1));
    for same in
        [json!({}), json!({ "name": "owner" }), json!({ "name": "owner", "language": "fr" })]
    {
        let (answer, events) = stage.events_of(owner.patch(ME, same)).await;
        answer.expect(200);
        assert_eq!(events, [""; 0]);
    }
    owner.patch(ME, json!({ "name": " " })).await.refuses_fields(&["name"]);
    owner.patch(ME, json!({ "name": "x".repeat(201) })).await.refuses_fields(&["name"]);
    owner.patch(ME, json!({ "name": "a\u{202e}b" })).await.refuses_fields(&["name"]);
    assert!(owner.patch(ME, json!({ "language": "tlh" })).await.status.is_client_error());
    assert!(owner.patch(ME, json!({ "email": "x@example.com" })).await.status.is_client_error());
    stage.anonymous().patch(ME, json!({ "name": "x" })).await.problem(401, "unauthenticated");
    let path = format!("/v1/people/{}/deactivate", owner.id);
    stage.operator.act(&path).await.expect(200);
    owner.patch(ME, json!({ "name": "x" })).await.problem(401, "invalid-token");
    stage.close().await;
}

#[tokio::test]
async fn of_edits_of_the_same_version_at_once_one_is_made() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let read = tag(&owner.get(ME).await.expect(200));
    let edits =
        (0..12).map(|turn| edit_if(&owner, &read, json!({ "name": format!("Name {turn}") })));
    let answers = join_all(edits).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 412).count();
    assert_eq!((made, refused), (1, 11));
    let events = stage.events().await;
    assert_eq!(events.iter().filter(|kind| *kind == "person.edited").count(), 1);
    let now = tag(&owner.get(ME).await.expect(200));
    edit_if(&owner, &now, json!({ "name": "Last" })).await.expect(200);
    stage.close().await;
}
