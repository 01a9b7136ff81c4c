//! What comes by mail, from the running system through a mail server: a contact address is confirmed (rule 2), a
//! password is chosen anew.

use journeys::people::{PASSWORD, RETAIL_MEDIA};
use journeys::system::System;
use local_servers::testing::{MailServer, MailServerOptions, ReceivedMail};
use serde_json::json;

/// The token of the link in a mail that leads to this page.
fn token(mail: &ReceivedMail, page: &str) -> String {
    let link = format!("{}{page}/", journeys::system::BASE_URL);
    let (_, rest) = mail.text.split_once(&link).unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
async fn an_address_is_confirmed_and_a_password_chosen_by_mailed_links() {
    let mail = MailServer::start(&MailServerOptions::default());
    let settings = format!(
        "[log]\nfilter = \"debug\"\n[directory.mail]\nfrom = \"no-reply@mandate.example.com\"\n\
         smtp = \"smtp://127.0.0.1:{}\"\n",
        mail.port()
    );
    let system = System::configured(&settings).await;
    let (operator, anyone) = (system.operator(), system.anonymous());
    let organization = operator.unconfirmed_organization().await;
    let (owner, developer) = (&organization.owner, &organization.developer);
    let path = format!("/v1/organizations/{}", organization.id);
    let app = developer.draft(&organization, RETAIL_MEDIA).await;
    let activate = format!("/v1/apps/{}/activate", app.id);
    developer.act(&activate).await.problem(409, "organization-not-confirmed");
    let contact = owner.get(&path).await.expect(200).field("contact_email");
    let confirm = json!({ "token": token(&mail.mail_to(&contact).await, "/confirm-contact") });
    anyone.post("/v1/contact-confirmations/complete", &confirm).await.expect(200);
    developer.act(&activate).await.expect(200);
    let again = anyone.post("/v1/contact-confirmations/complete", &confirm).await;
    again.problem(409, "mailed-link-used");

    let email = json!({ "email": owner.email });
    anyone.post("/v1/password-resets", email).await.expect(202);
    let token = token(&mail.mail_to(&owner.email).await, "/reset-password");
    let chosen = json!({ "token": token, "password": "a new horse battery staple" });
    anyone.post("/v1/password-resets/complete", &chosen).await.expect(204);
    anyone.post("/v1/password-resets/complete", &chosen).await.problem(409, "mailed-link-used");
    let old = anyone.with_password(&owner.email, PASSWORD);
    old.post("/v1/sessions", json!({})).await.problem(401, "sign-in-refused");
    let new = anyone.with_password(&owner.email, "a new horse battery staple");
    new.post("/v1/sessions", json!({})).await.expect(201);
    // No link and no address is in the log, however much is logged.
    let said = system.said();
    assert!(said.contains("DEBUG") && !said.contains("mandate_ml_"), "{said}");
    assert!(!said.contains(&owner.email) && !said.contains(&contact), "{said}");
    system.stop().await;
}

#[tokio::test]
async fn invitations_and_answers_about_domains_arrive_by_mail() {
    let mail = MailServer::start(&MailServerOptions::default());
    let settings = format!(
        "[directory.mail]\nsmtp = \"smtp://127.0.0.1:{}\"\nfrom = \"no-reply@mandate.example.com\"\n",
        mail.port()
    );
    let system = System::configured(&settings).await;
    let (operator, anyone) = (system.operator(), system.anonymous());
    let organization = operator.organization().await;
    let owner = &organization.owner;
    let path = format!("/v1/organizations/{}", organization.id);
    let email = "colleague@mails.example";
    let invite = json!({ "email": email, "role": "developer", "language": "fr" });
    owner.post(&format!("{path}/invitations"), invite).await.expect(201);
    let invitation = mail.mail_to(email).await;
    assert!(invitation.text.contains(&owner.name) && invitation.text.contains("vous invite"));
    let token = token(&invitation, "/accept-invitation");
    let person = json!({ "name": "Colleague", "password": PASSWORD });
    let accept = json!({ "token": token, "person": person });
    let accepted = anyone.post("/v1/invitations/accept", &accept).await.expect(200);
    let session = anyone.with_token(accepted.json["session"]["token"].as_str().unwrap());
    assert_eq!(session.get("/v1/people/me").await.expect(200).field("language"), "fr");

    // Who asks is told, in their language.
    let ask = json!({ "domain": "retail_media/billing:read", "reason": "Invoices" });
    let asked = session.post(&format!("{path}/domain-requests"), ask).await.expect(201);
    let me = operator.get("/v1/people/me").await.expect(200).field("email");
    assert!(mail.mail_to(&me).await.text.contains("“Invoices”"));
    let decline = format!("/v1/domain-requests/{}/decline", asked.field("id"));
    operator.post(&decline, json!({ "reason": "Not yet" })).await.expect(200);
    let told = stage::eventually("the answer", async || {
        let mail = mail.mail_to(email).await;
        if mail.text.contains("refusée") { Ok(mail) } else { Err(mail.text) }
    })
    .await;
    assert!(told.text.contains("« Not yet »"), "{}", told.text);
    system.stop().await;
}
