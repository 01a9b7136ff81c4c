//! Of two `Authorization` headers a proxy may have looked at the one, and we at the other.

use journeys::people::{PASSWORD, RETAIL_MEDIA};
use journeys::system::shared;
use serde_json::json;
use stage::{Answer, Client, Method, Request};

const OTHER: &str = "Basic eDp4";

async fn with_another(request: Request) -> Answer {
    request.header("authorization", OTHER).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_is_believed() {
    let system = shared().await;
    let organization = system.operator().organization().await;
    let owner = &organization.owner;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = organization.developer.key(&app).await;
    let anyone = system.anonymous();
    let token = json!({ "name": "mine" });

    let signing_in = anyone.with_password(&owner.email, PASSWORD);
    let post = |client: &Client| client.request(Method::POST, "/v1/api-tokens").json(&token);
    post(&signing_in).send().await.expect(201);
    with_another(post(&signing_in)).await.problem(401, "unauthenticated");
    with_another(post(owner)).await.problem(401, "unauthenticated");
    let opening = signing_in.request(Method::POST, "/v1/sessions");
    with_another(opening).await.problem(401, "unauthenticated");
    let (_, in_session) = owner.session().await;
    let asking = in_session.request(Method::GET, "/v1/people/me");
    with_another(asking).await.problem(401, "unauthenticated");
    with_another(owner.request(Method::GET, "/v1/people/me")).await.problem(401, "unauthenticated");
    let its_own = key.app(&anyone).await;
    with_another(its_own.request(Method::GET, "/v1/me/accounts")).await.expect(401);
    let by_basic = anyone.with_password(&key.client_id, &key.client_secret);
    let request = by_basic.request(Method::POST, "/oauth2/token");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let answer = with_another(request.body("grant_type=client_credentials")).await;
    assert_eq!((answer.status.as_u16(), &answer.json["error"]), (400, &json!("invalid_request")));
}
