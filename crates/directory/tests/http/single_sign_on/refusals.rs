use chrono::TimeDelta;
use contract::PersonId;
use stage::Somebody;

use super::*;

const ADA: Somebody<'static> = Somebody::with_email("ada@corp.example");

#[tokio::test]
async fn what_does_not_fit_the_sign_in_is_refused_and_the_event_says_why() {
    let sso = SingleSignOn::set().await;
    // What whoever did not begin it can try does not spoil it.
    let (begun, returned) = sso.returned(ADA).await;
    let right = completion(&begun, &returned);
    for (field, value, reason) in [
        ("binding", json!("mandate_sib_nonsense"), SignInRefusal::WrongBinding),
        ("state", json!(begun["binding"]), SignInRefusal::WrongState),
    ] {
        let wrong = changed(&right, field, value);
        sso.complete(&begun, &wrong).await.problem(403, "single-sign-on-refused");
        sso.refused(reason).await;
    }
    sso.complete(&begun, &right).await.expect(201);
    sso.complete(&begun, &right).await.problem(403, "single-sign-on-refused");
    sso.refused(SignInRefusal::SignInAlreadyUsed).await;

    let unknown = json!({ "sign_in_id": sso.owner.id });
    sso.complete(&unknown, &right).await.problem(403, "single-sign-on-refused");
    sso.refused(SignInRefusal::UnknownSignIn).await;

    // What uses it up. Refusals of one kind within a minute are counted in one.
    for (field, value, reason) in [
        ("iss", json!("https://other.example.com"), Some(SignInRefusal::WrongIssuer)),
        // The provider says that it names itself (RFC 9207).
        ("iss", Value::Null, None),
        // It was exchanged before.
        ("code", json!(returned.code), Some(SignInRefusal::CodeRefused)),
        ("code", json!("nonsense"), None),
    ] {
        let (begun, returned) = sso.returned(ADA).await;
        let right = completion(&begun, &returned);
        let wrong = changed(&right, field, value);
        sso.complete(&begun, &wrong).await.problem(403, "single-sign-on-refused");
        if let Some(reason) = reason {
            sso.refused(reason).await;
        }
        sso.complete(&begun, &right).await.problem(403, "single-sign-on-refused");
    }
    sso.stage.close().await;
}

#[tokio::test]
async fn an_id_token_of_another_nonce_is_refused() {
    let sso = SingleSignOn::set().await;
    let begun = sso.begin().await;
    let url = begun["authorization_url"].as_str().unwrap();
    let nonce = url.split("nonce=").nth(1).unwrap().split('&').next().unwrap();
    let returned = sso.idp.sign_in(&url.replace(nonce, "another"), ADA).await;
    let answer = sso.complete(&begun, &completion(&begun, &returned)).await;
    answer.problem(403, "single-sign-on-refused");
    let refused = sso.refused(SignInRefusal::WrongNonce).await;
    assert!(refused.identity_provider_id.is_some() && refused.person_id.is_none());
    sso.stage.close().await;
}

#[tokio::test]
async fn a_sign_in_that_was_begun_too_long_ago_is_refused() {
    let sso = SingleSignOn::set().await;
    let (begun, returned) = sso.returned(ADA).await;
    sso.stage.clock.advance(TimeDelta::minutes(10));
    let answer = sso.complete(&begun, &completion(&begun, &returned)).await;
    answer.problem(403, "single-sign-on-refused");
    sso.refused(SignInRefusal::SignInExpired).await;
    sso.stage.close().await;
}

#[tokio::test]
async fn an_email_that_does_not_count_joins_nobody() {
    let sso = SingleSignOn::set().await;
    let before = sso.stage.events().await.len();
    for (at, (email, verified, reason)) in [
        ("ada@corp.example", "false", SignInRefusal::EmailNotVerified),
        ("owner@example.com", "true", SignInRefusal::EmailOutsideDomains),
        ("ada@sub.corp.example", "true", SignInRefusal::EmailOutsideDomains),
        ("", "true", SignInRefusal::NoEmail),
    ]
    .into_iter()
    .enumerate()
    {
        let subject = &format!("somebody {at}");
        let whoever = Somebody { subject, email, verified };
        sso.sign_in(whoever).await.problem(403, "single-sign-on-refused");
        sso.refused(reason).await;
    }
    let left = sso.stage.events().await.split_off(before);
    assert!(left.iter().all(|kind| kind == "sign-in.refused"), "{left:?}");
    sso.stage.close().await;
}

#[tokio::test]
async fn who_is_deactivated_and_who_operates_are_refused_however_they_are_known() {
    let sso = SingleSignOn::set().await;
    let signed_in = sso.sign_in(ADA).await.expect(201);
    let me = sso.session(&signed_in).get("/v1/people/me").await.expect(200);
    let id: PersonId = me.field("id").parse().unwrap();
    sso.stage.operator.act(&format!("/v1/people/{id}/deactivate")).await.expect(200);
    sso.session(&signed_in).get("/v1/people/me").await.problem(401, "invalid-token");
    sso.sign_in(ADA).await.problem(403, "single-sign-on-refused");
    let refused = sso.refused(SignInRefusal::PersonDeactivated).await;
    assert_eq!(refused.person_id, Some(id));

    // An operator's email may well be of an organization's domain.
    sso.change(&json!({"domains": [DOMAIN, "example.com"]})).await.expect(200);
    sso.confirm(&["example.com"]).await.expect(200);
    let operator = Somebody::with_email("operator@example.com");
    sso.sign_in(operator).await.problem(403, "single-sign-on-refused");
    sso.refused(SignInRefusal::PersonIsOperator).await;
    sso.stage.close().await;
}

#[tokio::test]
async fn nobody_signs_in_at_a_provider_that_is_removed_or_whose_domain_is_taken_back() {
    let sso = SingleSignOn::set().await;
    let (begun, returned) = sso.returned(ADA).await;
    let (other, other_returned) = sso.returned(ADA).await;
    sso.confirm(&[]).await.expect(200);
    let answer = sso.complete(&begun, &completion(&begun, &returned)).await;
    answer.problem(403, "single-sign-on-refused");
    sso.refused(SignInRefusal::ProviderNotInEffect).await;
    sso.owner.delete(&sso.provider()).await.expect(204);
    let answer = sso.complete(&other, &completion(&other, &other_returned)).await;
    answer.problem(403, "single-sign-on-refused");
    let begun = json!({ "organization_id": sso.id });
    let answer = sso.stage.anonymous().post("/v1/sign-ins", begun).await;
    answer.problem(404, "identity-provider-not-found");
    sso.stage.close().await;
}
