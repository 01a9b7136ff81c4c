//! Answers that are given again, and to whom they are not.

use axum::http::StatusCode;
use serde_json::json;

use crate::stage::{Stage, draft};

#[tokio::test]
async fn a_member_whose_role_was_taken_away_does_not_get_yesterdays_answer() {
    let stage = Stage::set().await;
    let member = stage.person_in(&[(stage.organization, "developer")]);
    let mut body = draft();
    body["organization_id"] = json!(stage.organization);
    let create = async || {
        let key = [("idempotency-key", "yesterday")];
        member.send("POST", "/v1/apps", &key, Some(body.clone())).await
    };
    let first = create().await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    assert_eq!(create().await.json, first.json);

    stage.change_roles(&member, &[(stage.organization, "auditor")]);
    create().await.refused(StatusCode::FORBIDDEN, "role-not-allowed", &[]);
    let refused = format!("app.create organization/{}", stage.organization);
    assert_eq!(stage.refused_attempts().await, [refused]);
    stage.change_roles(&member, &[]);
    create().await.refused(StatusCode::NOT_FOUND, "organization-not-found", &[]);

    stage.change_roles(&member, &[(stage.organization, "owner")]);
    assert_eq!(create().await.json, first.json);
    assert_eq!(stage.count_apps().await, 1);
}
