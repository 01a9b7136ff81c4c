//! POST /v1/names

use contract::rpc::NamedApp;
use serde_json::{Value, json};

use crate::stage::{Person, Stage};

fn app(stage: &Stage, organization: &str, activated: bool) -> NamedApp {
    NamedApp {
        app_id: stage.resources.env.new_id(),
        name: "Shelf Optimizer".to_owned(),
        organization_id: organization.parse().unwrap(),
        activated,
    }
}

/// The names of these, as somebody is told them.
async fn names(person: &Person, list: &str, ids: &[String]) -> Vec<Option<String>> {
    let answer = person.post("/v1/names", json!({ list: ids })).await.expect(200);
    let entries = answer.json[list].as_array().unwrap();
    assert!(
        entries.iter().zip(ids).all(|(entry, id)| entry["id"] == *id) && entries.len() == ids.len()
    );
    entries.iter().map(|entry| entry["name"].as_str().map(str::to_owned)).collect()
}

fn some(names: &[&str]) -> Vec<Option<String>> {
    names.iter().map(|name| (*name != "-").then(|| (*name).to_owned())).collect()
}

#[tokio::test]
async fn peoples_names_are_for_those_who_have_something_to_do_with_them() {
    let stage = Stage::set().await;
    let operator = &stage.operator;
    let owner = stage.person("owner").await;
    let organization = owner.organization().await;
    let member = stage.person("member").await;
    let new = json!({ "person_id": member.id, "role": "auditor" });
    operator.post(&format!("{organization}/members"), new).await.expect(201);

    let account = json!({ "name": "Corner Shop", "kind": "advertiser", "service": "retail_media" });
    let account = operator.post("/v1/accounts", account).await.expect(201).field("id");
    let (admin, technical) = (stage.person("admin").await, stage.person("technical").await);
    let (analyst, viewer) = (stage.person("analyst").await, stage.person("viewer").await);
    for (person, role) in [
        (&admin, "admin"),
        (&technical, "technical_manager"),
        (&analyst, "analyst"),
        (&viewer, "viewer"),
    ] {
        let path = format!("/v1/accounts/{account}/roles/{}", person.id);
        operator.put(&path, json!({ "role": role })).await.expect(200);
    }
    let stranger = stage.person("stranger").await;

    let unknown = stage.resources.env.new_id::<contract::PersonId>().to_string();
    let everybody = [&owner, &member, &admin, &technical, &analyst, &viewer, &stranger];
    let mut ids: Vec<_> = everybody.iter().map(|person| person.id.to_string()).collect();
    ids.push(unknown);
    let all = ["owner", "member", "admin", "technical", "analyst", "viewer", "stranger", "-"];
    assert_eq!(names(operator, "people", &ids).await, some(&all));
    for (person, told) in [
        (&owner, ["owner", "member", "-", "-", "-", "-", "-", "-"]),
        (&member, ["owner", "member", "-", "-", "-", "-", "-", "-"]),
        (&admin, ["-", "-", "admin", "technical", "analyst", "viewer", "-", "-"]),
        // Of the others of an account, those who may consent.
        (&technical, ["-", "-", "admin", "technical", "-", "-", "-", "-"]),
        (&viewer, ["-", "-", "admin", "technical", "-", "viewer", "-", "-"]),
        (&stranger, ["-", "-", "-", "-", "-", "-", "stranger", "-"]),
    ] {
        assert_eq!(names(person, "people", &ids).await, some(&told), "{}", person.email);
    }

    let unknown = stage.resources.env.new_id::<contract::AccountId>().to_string();
    let accounts = [account, unknown];
    for (person, told) in [(operator, "Corner Shop"), (&viewer, "Corner Shop"), (&owner, "-")] {
        assert_eq!(names(person, "accounts", &accounts).await, some(&[told, "-"]));
    }
    stage.close().await;
}

#[tokio::test]
async fn an_apps_name_is_for_everybody_once_it_was_activated() {
    let stage = Stage::set().await;
    let (owner, stranger) = (stage.person("owner").await, stage.person("stranger").await);
    let path = owner.organization().await;
    let organization = path.rsplit('/').next().unwrap().to_owned();
    let (draft, active) = (app(&stage, &organization, false), app(&stage, &organization, true));
    let ids = [draft.app_id.to_string(), active.app_id.to_string()];
    stage.app_registry(vec![draft, active]).await;

    let ask = json!({ "apps": ids, "organizations": [organization] });
    let told = async |person: &Person, ask: &Value| {
        let answer = person.post("/v1/names", ask).await.expect(200).json;
        let names = |list: &str| {
            let entries = answer[list].as_array().unwrap();
            entries.iter().map(|entry| entry["name"].is_string()).collect::<Vec<_>>()
        };
        let organizations = answer["apps"].as_array().unwrap().iter();
        let whose: Vec<_> =
            organizations.map(|entry| entry["organization_id"].is_string()).collect();
        assert_eq!(whose, names("apps"));
        (names("apps"), names("organizations"))
    };
    for person in [&stage.operator, &owner] {
        assert_eq!(told(person, &ask).await, (vec![true, true], vec![true]));
    }
    // Whose app it is, is told with the app, and not by itself.
    assert_eq!(told(&stranger, &ask).await, (vec![false, true], vec![true]));
    let alone = json!({ "organizations": [organization] });
    assert_eq!(told(&stranger, &alone).await, (vec![], vec![false]));
    let with_a_draft = json!({ "apps": [ids[0]], "organizations": [organization] });
    assert_eq!(told(&stranger, &with_a_draft).await, (vec![false], vec![false]));
    stage.close().await;
}

#[tokio::test]
async fn more_than_a_hundred_names_at_a_time_are_refused() {
    let stage = Stage::set().await;
    let operator = &stage.operator;
    let ids = |count: usize| -> Vec<String> {
        (0..count).map(|_| stage.resources.env.new_id::<contract::PersonId>().to_string()).collect()
    };
    let ask = async |body: Value| operator.post("/v1/names", body).await;
    ask(json!({ "people": ids(60), "accounts": ids(40) })).await.expect(200);
    ask(json!({ "people": ids(60), "accounts": ids(41) })).await.refuses_fields(&["accounts"]);
    ask(json!({ "people": ["7"] })).await.refuses_fields(&["people[0]"]);
    ask(json!({ "persons": [] })).await.refuses_fields(&["persons"]);
    ask(json!({})).await.expect(200);
    stage.close().await;
}
