//! What other services ask: whose token it is.

use axum::http::Method;
use chrono::Duration;
use contract::rpc::AuthenticateApp;
use serde_json::Value;

use crate::registry::SCOPE;
use crate::stage::Stage;

#[tokio::test]
async fn a_token_proves_its_app_as_long_as_its_key_and_app_may_act() {
    let (stage, replica, app) = Stage::with_app().await;
    let key = replica.key(app).await;
    let jwt = replica.token(&key).await.json["access_token"].as_str().unwrap().to_owned();
    let ask = async |access_token: &str| {
        let question = AuthenticateApp { access_token: access_token.to_owned() };
        let context = service::CallContext::new(&stage.env);
        replica.resources.rpc.call(context, &question).await.unwrap()
    };
    let proven = ask(&jwt).await.unwrap();
    assert_eq!((proven.app_id, proven.organization_id), (app, stage.organization));
    assert_eq!((proven.client_id.to_string(), proven.scope.as_str()), (key.0.clone(), SCOPE));
    assert!(ask("forged").await.is_none());
    let (message, _) = jwt.rsplit_once('.').unwrap();
    assert!(ask(&format!("{message}.{}", "A".repeat(86))).await.is_none());

    stage.registry.suspend(app).await;
    stage.until_known(app, "suspended").await;
    assert!(ask(&jwt).await.is_none(), "a suspended app");
    stage.registry.resume(app).await;
    stage.until_known(app, "active").await;
    assert!(ask(&jwt).await.is_some());

    let other = replica.key(app).await;
    let other = replica.token(&other).await.json["access_token"].as_str().unwrap().to_owned();
    replica
        .ask("owner", Method::DELETE, &format!("/v1/keys/{}?now=true", key.0), Value::Null)
        .await;
    assert!(ask(&jwt).await.is_none(), "a key that was ended at once");
    stage.clock.advance(Duration::seconds(899));
    assert!(ask(&other).await.is_some());
    stage.clock.advance(Duration::seconds(1));
    assert!(ask(&other).await.is_none(), "over");
}
