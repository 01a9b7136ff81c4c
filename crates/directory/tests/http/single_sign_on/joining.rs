use stage::Somebody;

use super::*;

const ADA: Somebody<'static> =
    Somebody { subject: "7", email: "Ada@Corp.example", verified: "true" };

#[tokio::test]
async fn somebody_new_becomes_a_person_and_a_member_and_gets_a_session() {
    for in_the_id_token in [false, true] {
        let sso = SingleSignOn::with(in_the_id_token).await;
        let (begun, returned) = sso.returned(ADA).await;
        let completed = sso.complete(&begun, &completion(&begun, &returned)).await;
        let first = completed.expect(201);
        let events = sso.stage.events().await;
        assert_eq!(
            events[events.len() - 5..],
            [
                "person.registered",
                "person.identity-linked",
                "membership.granted",
                "sign-in.accepted",
                "session.created"
            ]
        );
        let me = sso.session(&first).get("/v1/people/me").await.expect(200).json;
        assert_eq!((&me["email"], &me["name"]), (&json!("ada@corp.example"), &json!("Name of 7")));
        assert_eq!(me["operator"], json!(false));
        let export = sso.session(&first).get("/v1/people/me/export").await.expect(200).json;
        let identity = &export["identities"][0];
        assert_eq!(
            (&identity["issuer"], &identity["subject"]),
            (&json!(sso.idp.issuer()), &json!("7"))
        );
        assert_eq!(me["memberships"][0]["role"], json!("developer"));
        sso.session(&first).get(&sso.path).await.expect(200);

        // Whoever comes again is the same, whatever their email is by now.
        let again = Somebody { email: "", ..ADA };
        let (answer, events) = sso.stage.events_of(sso.sign_in(again)).await;
        let second = answer.expect(201);
        assert_eq!(events, ["sign-in.accepted", "session.created"]);
        let again = sso.session(&second).get("/v1/people/me").await.expect(200);
        assert_eq!(again.json["id"], me["id"]);
        sso.stage.close().await;
    }
}

#[tokio::test]
async fn somebody_with_an_email_of_a_confirmed_domain_is_joined_and_keeps_their_role() {
    let sso = SingleSignOn::set().await;
    let person = sso.stage.person("known").await;
    let body = json!({"email": person.email, "role": "auditor"});
    sso.stage.operator.post(&format!("{}/members", sso.path), body).await.expect(201);
    sso.change(&json!({"domains": [DOMAIN, "example.com"]})).await.expect(200);
    sso.confirm(&[DOMAIN, "example.com"]).await.expect(200);
    let whoever = Somebody::with_email("known@example.com");
    let (answer, events) = sso.stage.events_of(sso.sign_in(whoever)).await;
    let session = sso.session(&answer.expect(201));
    assert_eq!(events, ["person.identity-linked", "sign-in.accepted", "session.created"]);
    let me = session.get("/v1/people/me").await.expect(200).json;
    assert_eq!(me["id"], json!(person.id));
    assert_eq!(me["memberships"][0]["role"], json!("auditor"));
    sso.stage.close().await;
}

#[tokio::test]
async fn a_provider_that_vouches_for_its_domains_need_not_say_that_it_verified() {
    let sso = SingleSignOn::set().await;
    let unsaid = Somebody { verified: "unsaid", ..ADA };
    sso.sign_in(unsaid).await.problem(403, "single-sign-on-refused");
    sso.refused(SignInRefusal::EmailNotVerified).await;
    sso.change(&json!({"vouches_for_domains": true})).await.expect(200);
    sso.sign_in(unsaid).await.expect(201);
    let said = Somebody { subject: "8", email: "eve@corp.example", verified: "false" };
    sso.sign_in(said).await.problem(403, "single-sign-on-refused");
    sso.stage.close().await;
}

#[tokio::test]
async fn a_session_by_email_begins_at_the_provider_of_its_domain_whoever_has_it() {
    let sso = SingleSignOn::set().await;
    let anonymous = sso.stage.anonymous();
    for email in ["owner@corp.example", "nobody@corp.example"] {
        let begun = anonymous.post("/v1/sign-ins", json!({ "email": email })).await.expect(201);
        let url = begun.field("authorization_url");
        assert!(url.starts_with(sso.idp.issuer()) && url.contains("code_challenge="), "{url}");
        assert_eq!(begun.header("cache-control"), "no-store");
    }
    for wrong in [json!({"email": "owner@example.com"}), json!({"organization_id": sso.owner.id})] {
        let answer = anonymous.post("/v1/sign-ins", wrong).await;
        answer.problem(404, "identity-provider-not-found");
    }
    for wrong in
        [json!({}), json!({"email": "x"}), json!({"email": "a@b.c", "organization_id": sso.id})]
    {
        anonymous.post("/v1/sign-ins", wrong).await.problem(422, "invalid-request");
    }
    sso.stage.close().await;
}
