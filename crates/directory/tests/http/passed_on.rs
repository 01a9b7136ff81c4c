//! The mail by which a request for consent is passed on: its link leads to the consent link, whose service knows the
//! token before anybody can have it.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use contract::rpc::{AddLinkToken, NameApps, NamedApp, RequestMails, UsableLink};
use contract::secret::LinkToken;
use contract::{LinkId, OrganizationId, PassOnId, Service};
use local_servers::testing::{MailServer, MailServerOptions};
use serde_json::{Value, json};
use service::{CallContext, Resources};
use stage::eventually;

use crate::mail_server::{received, to_local};
use crate::mails;
use crate::stage::{Person, Stage};

/// A consent broker and an app registry, and what they were told.
struct Others {
    /// The tokens by their hashes, in the order in which they were added.
    added: Arc<Mutex<Vec<String>>>,
    link_id: LinkId,
    pass_on_id: PassOnId,
    _resources: [Resources; 2],
}

impl Others {
    /// They know every app, and one link; whether it can be used is said here.
    async fn of(stage: &Stage, is_usable: bool) -> Self {
        let env = &stage.resources.env;
        let (link_id, pass_on_id) = (env.new_id(), env.new_id());
        let added: Arc<Mutex<Vec<String>>> = Arc::default();
        let broker = stage.beside(Service::ConsentBroker).await;
        let kept = Arc::clone(&added);
        let add = move |_, question: AddLinkToken| {
            assert_eq!((question.link_id, question.pass_on_id), (link_id, pass_on_id));
            kept.lock().unwrap().push(question.token_sha256);
            let url_prefix = "https://mandate.example.com/consent/".to_owned();
            std::future::ready(Ok(is_usable.then_some(UsableLink { url_prefix })))
        };
        broker.serve_rpc(add).await.unwrap();
        let registry = stage.beside(Service::AppRegistry).await;
        let organization_id = organization(stage).await;
        let name = move |_, question: NameApps| {
            let app = |app_id: &_| NamedApp {
                app_id: *app_id,
                name: "Feeds".to_owned(),
                activated: true,
                organization_id,
            };
            std::future::ready(Ok(question.app_ids.iter().map(app).collect()))
        };
        registry.serve_rpc(name).await.unwrap();
        Self { added, link_id, pass_on_id, _resources: [broker, registry] }
    }

    fn added(&self) -> Vec<String> {
        self.added.lock().unwrap().clone()
    }

    /// Passes the link on to this person.
    async fn pass_on(&self, stage: &Stage, to: &Person) {
        pass_on(stage, to, self.link_id, self.pass_on_id).await;
    }
}

async fn organization(stage: &Stage) -> OrganizationId {
    let path = stage.operator.organization().await;
    path.rsplit('/').next().unwrap().parse().unwrap()
}

async fn pass_on(stage: &Stage, to: &Person, link_id: LinkId, pass_on_id: PassOnId) {
    let env = &stage.resources.env;
    let (app_id, by) = (env.new_id(), stage.operator.id);
    let mail = RequestedMail {
        event_id: env.new_id(),
        organization_id: None,
        correlation_id: env.new_id(),
        mail: MailRequest::ConsentPassedOn { link_id, pass_on_id, app_id, by },
        recipient: MailRecipient::Person(to.id),
    };
    let question = RequestMails { mails: vec![mail] };
    stage.resources.rpc.call(CallContext::new(env), &question).await.unwrap();
}

/// The hash of the token in the text of a mail.
fn hash(text: &str) -> String {
    let (_, rest) = text.split_once("https://mandate.example.com/consent/").unwrap();
    let token = LinkToken::parse(rest.split_whitespace().next().unwrap()).unwrap();
    hex::encode(token.hash().0)
}

/// What operators see of the one mail of this kind, once it says so.
async fn listed(stage: &Stage, says: impl Fn(&Value) -> bool) -> Value {
    eventually("the mail is noted", async || {
        let page = stage.operator.get("/v1/mails").await.expect(200).json;
        let mails = page["items"].as_array().unwrap().clone();
        let mail = mails.into_iter().find(|mail| mail["template"] == "consent_passed_on");
        mail.filter(&says).ok_or_else(|| page.to_string())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_try_has_a_token_of_its_own_that_is_known_before_the_mail_is_sent() {
    let server = MailServer::start(&MailServerOptions::default());
    let stage = Stage::with(to_local(&server), stage::wide_limits()).await;
    let others = Others::of(&stage, true).await;
    let admin = stage.person("busy").await;
    others.pass_on(&stage, &admin).await;
    let refused = listed(&stage, |mail| mail["attempts"] == 1).await;
    assert_eq!(refused["last_error"], "recipient 450");
    // As when the process dies here: a token is known that nobody has.
    assert_eq!(others.added().len(), 1);
    stage.clock.advance(TimeDelta::minutes(1));
    let mail = received(&server, &admin.email, 1).await.remove(0);
    let added = others.added();
    assert_eq!((added.len(), &added[1]), (2, &hash(&mail.text)));
    assert_ne!(added[0], added[1]);
    assert!(mail.subject.contains("“Feeds”"), "{}", mail.subject);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_of_a_link_that_cannot_be_used_any_more_is_abandoned() {
    let stage = mails::stage().await;
    let others = Others::of(&stage, false).await;
    let admin = stage.person("admin").await;
    others.pass_on(&stage, &admin).await;
    let mail = listed(&stage, |mail| !mail["abandoned_at"].is_null()).await;
    assert_eq!((&mail["last_error"], &mail["content"]), (&json!("outdated"), &json!(null)));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mail_waits_for_a_consent_broker_that_is_away() {
    let stage = mails::stage().await;
    let admin = stage.person("admin").await;
    let env = &stage.resources.env;
    pass_on(&stage, &admin, env.new_id(), env.new_id()).await;
    let mail = listed(&stage, |mail| mail["attempts"] == 1).await;
    assert_eq!((&mail["last_error"], &mail["sent_at"]), (&json!("render"), &json!(null)));
    stage.close().await;
}
