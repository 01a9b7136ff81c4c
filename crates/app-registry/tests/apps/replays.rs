//! Answers that are given again, and to whom they are not.

use axum::http::Method;
use contract::rpc::MemberRole;
use serde_json::json;

use crate::stage::{Stage, draft};

#[tokio::test]
async fn a_member_whose_role_was_taken_away_does_not_get_yesterdays_answer() {
    let stage = Stage::set().await;
    let (member, organization) = (&stage.cast.developer, stage.organization);
    let mut body = draft();
    body["organization_id"] = json!(organization);
    let create = async || {
        let request = stage.developer().request(Method::POST, "/v1/apps").json(&body);
        request.header("idempotency-key", "yesterday").send().await
    };
    let first = create().await.expect(201);
    assert_eq!(create().await.expect(201).json, first.json);

    stage.change_roles(member, &[(organization, MemberRole::Auditor)]);
    create().await.problem(403, "role-not-allowed");
    let refused = format!("app.create organization/{organization}");
    assert_eq!(stage.refused_attempts().await, [refused]);
    stage.change_roles(member, &[]);
    create().await.problem(404, "organization-not-found");

    stage.change_roles(member, &[(organization, MemberRole::Owner)]);
    assert_eq!(create().await.expect(201).json, first.json);
    assert_eq!(stage.count_apps().await, 1);
}
