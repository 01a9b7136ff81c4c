//! What other services ask over NATS.

use contract::rpc::{AppState, AskedIds, GetApp, NameApps};
use service::CallContext;

use crate::stage::{Stage, draft};

#[tokio::test]
async fn other_services_are_told_what_an_app_is() {
    let stage = Stage::set().await;
    let app_id = stage.active_app().await.parse().unwrap();
    let context = CallContext::new(&stage.resources.env);
    let app = stage.resources.rpc.call(&context, &GetApp { app_id }).await.unwrap().unwrap();
    assert_eq!((app.id, app.state, app.version.number()), (app_id, AppState::Active, 2));
    assert_eq!(app.scopes, ["RetailMedia_Campaign_Read", "RetailMedia_Campaign_Manage"]);
    let unknown = GetApp { app_id: stage.resources.env.new_id() };
    assert!(stage.resources.rpc.call(&context, &unknown).await.unwrap().is_none());
}

#[tokio::test]
async fn other_services_are_told_the_names_of_apps_that_exist() {
    let stage = Stage::set().await;
    let known = stage.developer().post("/v1/apps", draft()).await.field("id").parse().unwrap();
    let asked = AskedIds::try_from(vec![stage.resources.env.new_id(), known]).unwrap();
    let asked = NameApps { app_ids: asked };
    let named =
        stage.resources.rpc.call(CallContext::new(&stage.resources.env), &asked).await.unwrap();
    assert_eq!(named.len(), 1);
    assert_eq!((named[0].app_id, named[0].name.as_str()), (known, "Shelf Optimizer"));
    assert_eq!(named[0].organization_id, stage.organization);
}
