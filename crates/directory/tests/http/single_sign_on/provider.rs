use chrono::TimeDelta;
use stage::Somebody;

use super::*;

const ADA: Somebody<'static> = Somebody::with_email("ada@corp.example");

#[tokio::test]
async fn a_new_key_of_the_provider_is_read_at_once_but_not_at_every_request() {
    let sso = SingleSignOn::set().await;
    sso.sign_in(ADA).await.expect(201);
    sso.idp.rotate_keys().await;
    sso.sign_in(ADA).await.expect(201);
    sso.idp.rotate_keys().await;
    sso.sign_in(ADA).await.problem(403, "single-sign-on-refused");
    sso.refused(SignInRefusal::InvalidIdToken).await;
    let (begun, returned) = sso.returned(ADA).await;
    sso.stage.clock.advance(TimeDelta::seconds(61));
    sso.complete(&begun, &completion(&begun, &returned)).await.expect(201);
    sso.stage.close().await;
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_to_be() {
    let sso = SingleSignOn::set().await;
    let (begun, returned) = sso.returned(ADA).await;
    let completion = completion(&begun, &returned);
    let SingleSignOn { stage, idp, owner, id, path } = sso;
    let issuer = idp.issuer().to_owned();
    idp.stop().await;
    let complete = format!("/v1/sign-ins/{}/complete", begun["sign_in_id"].as_str().unwrap());
    let answer = stage.anonymous().post(&complete, &completion).await;
    answer.problem(503, "identity-provider-unavailable");
    let refused = stage.refused_sign_ins(1).await.pop().unwrap();
    assert_eq!(refused.reason, SignInRefusal::ProviderUnavailable);

    // What is remembered of it is forgotten in time.
    stage.clock.advance(TimeDelta::minutes(10));
    let wanted = json!({ "organization_id": id });
    let answer = stage.anonymous().post("/v1/sign-ins", wanted).await;
    answer.problem(503, "identity-provider-unavailable");
    let provider = owner.get(&format!("{path}/identity-provider")).await.expect(200);
    assert_eq!(provider.field("issuer"), issuer);
    stage.close().await;
}

#[tokio::test]
async fn what_is_not_the_providers_own_description_is_not_taken() {
    let sso = SingleSignOn::set().await;
    let port = sso.idp.issuer().rsplit(':').next().unwrap();
    for issuer in [
        // It leads to the description: redirects are not followed.
        format!("{}/elsewhere", sso.idp.issuer()),
        // The description is of an issuer without the slash.
        format!("{}/", sso.idp.issuer()),
        // Nobody is there.
        "http://127.0.0.1:1".to_owned(),
        // Nobody speaks TLS there, and by this name there is nothing else.
        format!("https://localhost:{port}"),
    ] {
        sso.owner.put(&sso.provider(), setup(&issuer)).await.expect(200);
        sso.confirm(&[DOMAIN]).await.expect(200);
        let wanted = json!({ "organization_id": sso.id });
        let answer = sso.stage.anonymous().post("/v1/sign-ins", wanted).await;
        answer.problem(503, "identity-provider-unavailable");
    }
    for issuer in
        ["https://10.0.0.1", "https://169.254.169.254/", "http://idp.example.com", "https://[::1]/"]
    {
        let answer = sso.owner.put(&sso.provider(), setup(issuer)).await;
        assert_eq!(answer.json["errors"][0]["field"], json!("issuer"), "{issuer}");
        answer.problem(422, "invalid-request");
    }
    sso.stage.close().await;
}
