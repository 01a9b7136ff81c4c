//! Mails that other services ask for.

use chrono::{DateTime, TimeDelta, Utc};
use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use contract::rpc::{NameApps, NamedApp, RequestMails};
use contract::{OrganizationId, Service};
use serde_json::{Value, json};
use service::{CallContext, Resources, RpcError};
use stage::eventually;

use crate::mails::{mails, stage, token};
use crate::stage::{Person, Stage};

/// Asks the directory for these; how many it did not have.
async fn ask(stage: &Stage, mails: &[RequestedMail]) -> Result<u32, RpcError> {
    let question = RequestMails { mails: mails.to_vec() };
    let answer = stage.resources.rpc.call(CallContext::new(&stage.resources.env), &question);
    answer.await.map(|taken| taken.new)
}

fn asked(stage: &Stage, mail: MailRequest, recipient: MailRecipient) -> RequestedMail {
    let env = &stage.resources.env;
    let (event_id, correlation_id) = (env.new_id(), env.new_id());
    RequestedMail { event_id, organization_id: None, correlation_id, mail, recipient }
}

fn key_leaked(stage: &Stage) -> MailRequest {
    let env = &stage.resources.env;
    MailRequest::KeyLeaked { key_id: env.new_id(), app_id: env.new_id() }
}

fn key_expiring(stage: &Stage, expires_at: DateTime<Utc>) -> MailRequest {
    let env = &stage.resources.env;
    MailRequest::KeyExpiring { key_id: env.new_id(), app_id: env.new_id(), days: 7, expires_at }
}

/// An app registry that knows every app, as this organization's.
async fn registry(stage: &Stage, organization_id: OrganizationId) -> Resources {
    let resources = stage.beside(Service::AppRegistry).await;
    let named = move |_, question: NameApps| {
        let app = |app_id: &_| NamedApp {
            app_id: *app_id,
            name: "Feeds".to_owned(),
            organization_id,
            activated: true,
        };
        let apps = question.app_ids.iter().map(app).collect();
        std::future::ready(Ok(apps))
    };
    resources.serve_rpc(named).await.unwrap();
    resources
}

/// An organization whose contact address is not confirmed, and its owner.
async fn organization(stage: &Stage) -> (Person, String, OrganizationId) {
    let owner = stage.person("owner").await;
    let path = owner.organization().await;
    let id = path.rsplit('/').next().unwrap().parse().unwrap();
    (owner, path, id)
}

/// To whom mails of this kind are, however they stand.
async fn recipients(stage: &Stage, template: &str) -> Vec<String> {
    let page = stage.operator.get("/v1/mails").await.expect(200).json;
    let items = page["items"].as_array().unwrap().iter();
    let of_kind = items.filter(|mail| mail["template"] == template);
    of_kind.map(|mail| mail["recipient"].as_str().unwrap().to_owned()).collect()
}

async fn confirm(stage: &Stage) {
    let mail = mails(stage, "confirm_contact", "contact@example.com", 1).await.remove(0);
    let body = json!({ "token": token(&mail) });
    stage.anonymous().post("/v1/contact-confirmations/complete", body).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_twice_is_written_once_whatever_address_there_is_by_then() {
    let stage = stage().await;
    let (owner, path, id) = organization(&stage).await;
    let _registry = registry(&stage, id).await;
    confirm(&stage).await;
    let leaked = asked(&stage, key_leaked(&stage), MailRecipient::Contact(id));
    let other = asked(&stage, key_leaked(&stage), MailRecipient::Contact(id));
    assert_eq!(ask(&stage, &[leaked, other, leaked]).await, Ok(2));
    mails(&stage, "key_leaked", "contact@example.com", 2).await;
    let edit = json!({ "contact_email": "new@example.com" });
    owner.patch(&path, edit).await.expect(200);
    assert_eq!(ask(&stage, &[leaked]).await, Ok(0));
    assert_eq!(recipients(&stage, "key_leaked").await, ["contact@example.com"; 2]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_confirmed_gets_nothing_and_the_owners_are_written_to() {
    let stage = stage().await;
    let (owner, _, id) = organization(&stage).await;
    let _registry = registry(&stage, id).await;
    let leaked = asked(&stage, key_leaked(&stage), MailRecipient::Contact(id));
    assert_eq!(ask(&stage, &[leaked]).await, Ok(1));
    let mail = mails(&stage, "key_leaked", &owner.email, 1).await.remove(0);
    let subject = mail["content"]["subject"].as_str().unwrap();
    assert_eq!(subject, "A secret of “Feeds” leaked, and its key has ended");
    assert_eq!(recipients(&stage, "key_leaked").await, [owner.email.as_str()]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_gets_nothing_and_the_question_is_answered() {
    let stage = stage().await;
    let person = stage.person("gone").await;
    let path = format!("/v1/people/{}/deactivate", person.id);
    stage.operator.post(&path, json!({})).await.expect(200);
    let env = &stage.resources.env;
    let to = [
        MailRecipient::Person(person.id),
        MailRecipient::Person(env.new_id()),
        MailRecipient::Contact(env.new_id()),
    ];
    let leaked = to.map(|recipient| asked(&stage, key_leaked(&stage), recipient));
    assert_eq!(ask(&stage, &leaked).await, Ok(3));
    assert_eq!(recipients(&stage, "key_leaked").await, [""; 0]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_come_from_whoever_knows_them_and_a_mail_waits_until_they_answer() {
    let stage = stage().await;
    let (owner, _, id) = organization(&stage).await;
    let account = json!({"name": "Corner Shop", "kind": "advertiser", "service": "retail_media"});
    let account = stage.operator.post("/v1/accounts", account).await.expect(201).field("id");
    let (env, app_id) = (&stage.resources.env, stage.resources.env.new_id());
    let expires_at = env.now() + TimeDelta::days(7);
    let consent = MailRequest::ConsentExpiring {
        grant_id: env.new_id(),
        app_id,
        account_id: account.parse().unwrap(),
        days: 7,
        expires_at,
    };
    let to = MailRecipient::Person(owner.id);
    let all = [consent, key_expiring(&stage, expires_at)];
    let all = all.map(|mail| asked(&stage, mail, to));
    assert_eq!(ask(&stage, &all).await, Ok(2));
    let tried = |mail: &Value| mail["attempts"] == 1 && mail["last_error"] == "render";
    eventually("each was tried", async || {
        let page = stage.operator.get("/v1/mails?state=waiting").await.expect(200).json;
        let waiting = page["items"].as_array().unwrap().iter().filter(|mail| tried(mail)).count();
        if waiting == 2 { Ok(()) } else { Err(page.to_string()) }
    })
    .await;
    let _registry = registry(&stage, id).await;
    stage.clock.advance(TimeDelta::minutes(1));
    let text = async |template: &str| {
        let mail = mails(&stage, template, &owner.email, 1).await.remove(0);
        mail["content"]["text"].as_str().unwrap().to_owned()
    };
    let consent = text("consent_expiring").await;
    for name in ["“Feeds”", "“Example Apps”", "“Corner Shop”"] {
        assert!(consent.contains(name), "{consent}");
    }
    assert!(text("key_expiring").await.contains("of the app “Feeds” expires on"));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_meanwhile_is_not_told() {
    let stage = stage().await;
    let person = stage.person("late").await;
    let mail = key_expiring(&stage, stage.resources.env.now());
    let late = asked(&stage, mail, MailRecipient::Person(person.id));
    assert_eq!(ask(&stage, &[late]).await, Ok(1));
    eventually("it is abandoned", async || {
        let page = stage.operator.get("/v1/mails?state=abandoned").await.expect(200).json;
        let abandoned = page["items"].as_array().unwrap().iter();
        let errors: Vec<_> = abandoned.map(|mail| mail["last_error"].clone()).collect();
        if errors == ["outdated"] { Ok(()) } else { Err(page.to_string()) }
    })
    .await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_has_a_bound() {
    let stage = stage().await;
    let to = MailRecipient::Person(stage.operator.id);
    let many = [asked(&stage, key_leaked(&stage), to); 101];
    let refused = ask(&stage, &many).await.unwrap_err();
    assert!(matches!(refused, RpcError::Refused { code: 400, .. }), "{refused:?}");
    assert_eq!(recipients(&stage, "key_leaked").await, [""; 0]);
    stage.close().await;
}
