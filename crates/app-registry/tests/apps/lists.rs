//! `GET /v1/apps`

use contract::Environment;
use contract::rpc::MemberRole;
use serde_json::{Value, json};
use stage::Answer;

use crate::stage::{Stage, draft};

fn names(answer: &Answer) -> Vec<&str> {
    answer.json["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|app| app["name"].as_str().unwrap())
        .collect()
}

/// Drafts of these names, the first made first.
async fn make(stage: &Stage, organization: contract::OrganizationId, apps: &[&str]) -> Vec<String> {
    let member = stage.person_in(&[(organization, MemberRole::Developer)]);
    let mut ids = Vec::new();
    for name in apps {
        let mut body = draft();
        body["name"] = json!(name);
        ids.push(member.post("/v1/apps", body).await.field("id"));
    }
    ids
}

#[tokio::test]
async fn the_newest_come_first_a_page_at_a_time() {
    let stage = Stage::set().await;
    make(&stage, stage.organization, &["one", "two", "three", "four", "five"]).await;
    let auditor = stage.auditor();
    let first = auditor.get("/v1/apps?limit=2").await;
    assert_eq!(names(&first), ["five", "four"]);
    let next = first.json["next_cursor"].as_str().unwrap();
    assert_eq!(first.header("link"), format!("</v1/apps?limit=2&cursor={next}>; rel=\"next\""));

    // What is made in between does not move the pages.
    make(&stage, stage.organization, &["six"]).await;
    let second = auditor.get(&format!("/v1/apps?limit=2&cursor={next}")).await;
    assert_eq!(names(&second), ["three", "two"]);
    let next = second.json["next_cursor"].as_str().unwrap();
    let last = auditor.get(&format!("/v1/apps?limit=2&cursor={next}")).await;
    assert_eq!((names(&last), &last.json["next_cursor"]), (vec!["one"], &Value::Null));
}

#[tokio::test]
async fn members_see_their_organizations_and_operators_all() {
    let stage = Stage::set().await;
    make(&stage, stage.organization, &["ours"]).await;
    make(&stage, stage.other_organization, &["theirs"]).await;
    assert_eq!(names(&stage.auditor().get("/v1/apps").await), ["ours"]);
    assert_eq!(names(&stage.operator().get("/v1/apps").await), ["theirs", "ours"]);
    let both = stage.person_in(&[
        (stage.organization, MemberRole::Owner),
        (stage.other_organization, MemberRole::Auditor),
    ]);
    assert_eq!(names(&both.get("/v1/apps").await), ["theirs", "ours"]);
    let ours = format!("/v1/apps?organization_id={}", stage.organization);
    assert_eq!(names(&both.get(&ours).await), ["ours"]);
    assert_eq!(names(&stage.operator().get(&ours).await), ["ours"]);
    stage.stranger().get(&ours).await.problem(404, "organization-not-found");
    assert_eq!(names(&stage.person_in(&[]).get("/v1/apps").await), [""; 0]);
}

#[tokio::test]
async fn a_list_can_be_of_one_state() {
    let stage = Stage::set().await;
    let ids = make(&stage, stage.organization, &["kept", "archived"]).await;
    stage.developer().act(&format!("/v1/apps/{}/archive", ids[1])).await;
    for reader in [stage.developer(), stage.operator()] {
        assert_eq!(names(&reader.get("/v1/apps?state=draft").await), ["kept"]);
        assert_eq!(names(&reader.get("/v1/apps?state=archived").await), ["archived"]);
        assert_eq!(names(&reader.get("/v1/apps").await), ["archived", "kept"]);
    }
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let stage = Stage::set().await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1000", "limit"),
        ("cursor=made-up", "cursor"),
        ("state=gone", "state"),
        ("organization_id=x", "organization_id"),
        ("color=blue", "color"),
    ] {
        let answer = stage.developer().get(&format!("/v1/apps?{query}")).await;
        answer.refuses_fields(&[field]);
    }
}

#[tokio::test]
async fn members_of_very_many_organizations_name_the_one_that_they_mean() {
    let stage = Stage::set().await;
    make(&stage, stage.organization, &["ours"]).await;
    // Others can make somebody a member of any number; the one in question comes after them.
    let new_id = || Environment::system().new_id();
    let mut memberships: Vec<_> = (0..100).map(|_| (new_id(), MemberRole::Auditor)).collect();
    memberships.push((stage.organization, MemberRole::Developer));
    let member = stage.person_in(&memberships);
    member.get("/v1/apps").await.refuses_fields(&["organization_id"]);
    let of = |organization| format!("/v1/apps?organization_id={organization}");
    assert_eq!(names(&member.get(&of(stage.organization)).await), ["ours"]);
    member.get(&of(stage.other_organization)).await.problem(404, "organization-not-found");

    member.post("/v1/apps", draft()).await.refuses_fields(&["organization_id"]);
    let mut named = draft();
    named["organization_id"] = json!(stage.organization);
    member.post("/v1/apps", &named).await.expect(201);
    named["organization_id"] = json!(stage.other_organization);
    member.post("/v1/apps", &named).await.problem(404, "organization-not-found");
}
