use super::*;

#[tokio::test]
async fn a_provider_takes_effect_once_an_operator_has_confirmed_a_domain() {
    let idp_less = Stage::set().await;
    let owner = idp_less.person("owner").await;
    let path = format!("{}/identity-provider", owner.organization().await);
    owner.get(&path).await.problem(404, "identity-provider-not-found");
    let (nothing, events) = idp_less.events_of(owner.delete(&path)).await;
    nothing.expect(204);
    assert!(events.is_empty(), "{events:?}");
    let put = owner.put(&path, setup("https://idp.example.com"));
    let (answer, events) = idp_less.events_of(put).await;
    let answer = answer.expect(200);
    assert_eq!(events, ["identity-provider.configured"]);
    assert_eq!(answer.json["in_effect"], json!(false));
    assert_eq!(answer.json["domains"], json!([{"domain": DOMAIN, "confirmed_at": null}]));
    assert_eq!(answer.json["redirect_uri"], json!(RETURN_URL));
    assert!(answer.json.get("client_secret").is_none());

    let (answer, events) =
        idp_less.events_of(owner.put(&path, setup("https://idp.example.com"))).await;
    answer.expect(200);
    assert!(events.is_empty(), "the same again: {events:?}");

    let confirm = format!("{path}/confirm-domains");
    let operator = &idp_less.operator;
    operator
        .post(&confirm, json!({"domains": ["other.example"]}))
        .await
        .problem(422, "invalid-request");
    let confirming = operator.post(&confirm, json!({"domains": [DOMAIN]}));
    let (answer, events) = idp_less.events_of(confirming).await;
    assert_eq!(answer.expect(200).json["in_effect"], json!(true));
    assert_eq!(events, ["identity-provider.domains-confirmed"]);
    let confirming = operator.post(&confirm, json!({"domains": [DOMAIN]}));
    let (answer, events) = idp_less.events_of(confirming).await;
    answer.expect(200);
    assert!(events.is_empty(), "the same again: {events:?}");

    let (answer, events) = idp_less.events_of(owner.delete(&path)).await;
    answer.expect(204);
    assert_eq!(events, ["identity-provider.removed"]);
    owner.get(&path).await.problem(404, "identity-provider-not-found");
    idp_less.close().await;
}

#[tokio::test]
async fn another_issuer_is_another_provider_of_which_nothing_is_confirmed() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let path = format!("{}/identity-provider", owner.organization().await);
    let first = owner.put(&path, setup("https://one.example.com")).await.expect(200);
    let confirm = json!({"domains": [DOMAIN]});
    stage.operator.post(&format!("{path}/confirm-domains"), confirm).await.expect(200);
    let mut other = setup("https://two.example.com");
    let (answer, events) = stage.events_of(owner.put(&path, &other)).await;
    let second = answer.expect(200);
    assert_eq!(events, ["identity-provider.removed", "identity-provider.configured"]);
    assert_ne!(first.field("id"), second.field("id"));
    assert_eq!(second.json["in_effect"], json!(false));

    // The secret stays if none is given, and is given for a new one.
    other.as_object_mut().unwrap().remove("client_secret");
    other["required"] = json!(true);
    owner.put(&path, &other).await.expect(200);
    other["issuer"] = json!("https://three.example.com");
    let answer = owner.put(&path, &other).await;
    assert_eq!(answer.json["errors"][0]["field"], json!("client_secret"));
    answer.problem(422, "invalid-request");
    stage.close().await;
}

#[tokio::test]
async fn owners_set_up_operators_confirm_and_nobody_else_sees() {
    let stage = Stage::set().await;
    let (owner, developer) = (stage.person("owner").await, stage.person("developer").await);
    let stranger = stage.person("stranger").await;
    let organization = owner.organization().await;
    let member = json!({"email": developer.email, "role": "developer"});
    stage.operator.post(&format!("{organization}/members"), member).await.expect(201);
    let path = format!("{organization}/identity-provider");
    let confirm = format!("{path}/confirm-domains");
    owner.put(&path, setup("https://idp.example.com")).await.expect(200);
    let domains = json!({"domains": [DOMAIN]});
    for (answer, events) in [
        stage.events_of(developer.get(&path)).await,
        stage.events_of(developer.put(&path, setup("https://idp.example.com"))).await,
        stage.events_of(developer.delete(&path)).await,
        stage.events_of(developer.post(&confirm, &domains)).await,
        stage.events_of(owner.post(&confirm, &domains)).await,
    ] {
        answer.problem(403, "role-not-allowed");
        assert!(events.iter().all(|kind| kind == "access.refused"), "{events:?}");
    }
    stranger.get(&path).await.problem(404, "organization-not-found");
    stranger.delete(&path).await.problem(404, "organization-not-found");
    stage.operator.get(&path).await.expect(200);
    stage.close().await;
}

#[tokio::test]
async fn a_domain_is_confirmed_for_one_provider_at_a_time() {
    let stage = Stage::set().await;
    let (one, other) = (stage.person("one").await, stage.person("other").await);
    let mut paths = Vec::new();
    for owner in [&one, &other] {
        let path = format!("{}/identity-provider", owner.organization().await);
        owner.put(&path, setup("https://idp.example.com")).await.expect(200);
        paths.push(path);
    }
    let confirm = async |path: &str| {
        let domains = json!({"domains": [DOMAIN]});
        stage.operator.post(&format!("{path}/confirm-domains"), domains).await
    };
    confirm(&paths[0]).await.expect(200);
    confirm(&paths[1]).await.problem(409, "domain-taken");
    one.delete(&paths[0]).await.expect(204);
    confirm(&paths[1]).await.expect(200);
    stage.close().await;
}

#[tokio::test]
async fn the_client_secret_is_in_the_database_sealed_only() {
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let path = format!("{}/identity-provider", owner.organization().await);
    owner.put(&path, setup("https://idp.example.com")).await.expect(200);
    let [_, secret] = IdentityProvider::client();
    let found: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM directory.identity_providers p
                        WHERE position($1::bytea IN p.sealed_secret) > 0 OR p::text LIKE '%' || $2 || '%')
             OR EXISTS (SELECT FROM directory.events WHERE position($1::bytea IN envelope) > 0)
             OR EXISTS (SELECT FROM directory.details d WHERE d::text LIKE '%' || $2 || '%')",
    )
    .bind(secret.as_bytes())
    .bind(secret)
    .fetch_one(&stage.resources.pool)
    .await
    .unwrap();
    assert!(!found);
    stage.close().await;
}
