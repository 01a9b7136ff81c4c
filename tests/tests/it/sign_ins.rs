//! Who someone is: 401 for all who do not prove it (rule 33).

use journeys::events;
use journeys::system::shared;
use serde_json::json;
use stage::Method;

#[tokio::test]
async fn a_wrong_password_and_an_unknown_person_are_answered_alike_and_recorded() {
    let system = shared().await;
    let operator = system.operator();
    let person = operator.person("Guest").await;
    let attempt = async |email: &str| {
        let client = system.anonymous().with_password(email, "a wrong password");
        client.post("/v1/api-tokens", json!({ "name": "mine" })).await
    };
    let (wrong, unknown) = (attempt(&person.email).await, attempt("nobody@people.example").await);
    assert_eq!(wrong.problem(401, "sign-in-refused"), unknown.problem(401, "sign-in-refused"));
    assert_eq!(wrong.body, unknown.body);
    let refused = events::one(&operator, "", "sign-in.refused", |event| {
        event.fact("person_id") == person.id.as_str()
    })
    .await;
    assert_eq!(
        (refused.attribute("actor"), refused.fact("reason")),
        ("anonymous", &json!("wrong_password"))
    );
    let refused = events::one(&operator, "", "sign-in.refused", |event| {
        event.fact("reason") == "unknown_person"
    })
    .await;
    // What was typed in is personal: beside the event, never in it.
    assert!(!refused.event.to_string().contains("nobody@"));
    let accepted =
        events::one(&operator, &format!("actor={}", person.actor()), "sign-in.accepted", |_| true)
            .await;
    assert_eq!(accepted.fact("method"), "password");
}

#[tokio::test]
async fn a_revoked_api_token_opens_nothing() {
    let system = shared().await;
    let person = system.operator().person("Guest").await;
    let second = person.post("/v1/api-tokens", json!({ "name": "second" })).await.expect(201);
    let with_second = person.with_token(&second.field("token"));
    with_second.get("/v1/people/me").await.expect(200);
    let listed = person.get("/v1/api-tokens").await.expect(200).text();
    assert!(!listed.contains(&second.field("token")));
    let path = format!("/v1/api-tokens/{}", second.field("id"));
    // Not by somebody else.
    system.operator().person("Other").await.delete(&path).await.expect(404);
    person.delete(&path).await.expect(204);
    with_second.get("/v1/people/me").await.problem(401, "invalid-token");
}

#[tokio::test]
async fn nobody_gets_in_without_a_valid_token() {
    let system = shared().await;
    let anyone = system.anonymous();
    let api = anyone.get("/openapi.json").await.expect(200).json;
    let forged = anyone.with_token(&format!("mandate_pat_{}", "A".repeat(43)));
    let mut operations = 0;
    for (path, methods) in api["paths"].as_object().unwrap() {
        if path.starts_with("/oauth2/") {
            continue;
        }
        let path =
            path.split('/')
                .map(|part| {
                    if part.starts_with('{') {
                        "0197d000-0000-7000-8000-000000000000"
                    } else {
                        part
                    }
                })
                .collect::<Vec<_>>()
                .join("/");
        for (method, operation) in methods.as_object().unwrap() {
            // Some are for whoever has the token of a mail, or signs in at a provider.
            if operation["x-mandate-roles"] == json!(["anyone"]) {
                continue;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            for caller in [&anyone, &forged] {
                let request = caller.request(method.clone(), &path);
                // A body could have the email and the password of a sign-in.
                let signs_in = (&method, &*path) == (&Method::POST, "/v1/sessions");
                let request = if signs_in { request } else { request.json(json!({})) };
                let answer = request.send().await;
                assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text());
                let scheme = if signs_in { "Basic" } else { "Bearer" };
                assert!(answer.header("www-authenticate").starts_with(scheme), "{method} {path}");
                assert_eq!(
                    answer.header("content-type"),
                    "application/problem+json",
                    "{method} {path}"
                );
            }
            operations += 1;
        }
    }
    assert!(operations >= 40, "only {operations} operations are described");
}
