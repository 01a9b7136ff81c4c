//! Mails that go to a real mail server, which may refuse, stall or cut the connection.

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use directory::{MailSettings, Settings};
use local_servers::testing::{MailServer, MailServerOptions, MailServerTls, ReceivedMail};
use serde_json::json;
use stage::{eventually, wide_limits};

use crate::stage::{Stage, organization, settings};

/// How long a worker that is stopped may take.
const END: Duration = Duration::from_secs(10);

/// A file beside this one.
fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/http/tls").join(name)
}

fn server(tls: MailServerTls) -> MailServer {
    let certificate = Some((file("server.pem"), file("server.key")));
    MailServer::start(&MailServerOptions { tls, certificate, user: None })
}

/// Settings by which mail goes to this server.
fn to(scheme: &str, host: &str, port: u16) -> Settings {
    let mail = MailSettings {
        smtp: format!("{scheme}://{host}:{port}"),
        from: "Mandate <no-reply@mandate.example.com>".to_owned(),
        ca_file: Some(file("authority.pem")),
        ..MailSettings::default()
    };
    let public_base_url = "https://mandate.example.com/".to_owned();
    Settings { mail, public_base_url, ..settings() }
}

/// To this server, as one on this machine.
pub(crate) fn to_local(server: &MailServer) -> Settings {
    to("smtp", "127.0.0.1", server.port())
}

async fn stage(settings: Settings) -> Stage {
    Stage::with(settings, wide_limits()).await
}

/// Asks for a mail to this address.
async fn mail_to(stage: &Stage, address: &str) {
    let mut body = organization();
    body["contact_email"] = json!(address);
    stage.operator.post("/v1/organizations", body).await.expect(201);
}

/// What operators see of the mail to this address, once its row says so.
async fn listed(
    stage: &Stage,
    address: &str,
    says: impl Fn(&serde_json::Value) -> bool,
) -> serde_json::Value {
    eventually("the mail is noted", async || {
        let page = stage.operator.get("/v1/mails").await.expect(200).json;
        let mails = page["items"].as_array().unwrap().clone();
        let mail = mails.into_iter().find(|mail| mail["recipient"] == address);
        mail.filter(&says).ok_or_else(|| page.to_string())
    })
    .await
}

async fn sent(stage: &Stage, address: &str) -> serde_json::Value {
    listed(stage, address, |mail| !mail["sent_at"].is_null()).await
}

/// What the server has got for this address, once it is so many.
pub(crate) async fn received(
    server: &MailServer,
    address: &str,
    count: usize,
) -> Vec<ReceivedMail> {
    eventually("mails at the server", async || {
        let mut mails = server.received();
        mails.retain(|mail| mail.recipient == address);
        if mails.len() >= count { Ok(mails) } else { Err(format!("{} mails", mails.len())) }
    })
    .await
}

fn token(mail: &ReceivedMail) -> String {
    let (_, rest) = mail.text.split_once("https://mandate.example.com/confirm-contact/").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

/// The answer to the use of this link.
async fn used(stage: &Stage, mail: &ReceivedMail) -> u16 {
    let body = json!({ "token": token(mail) });
    stage.anonymous().post("/v1/contact-confirmations/complete", body).await.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_handed_over_by_tls_in_text_and_html_and_its_link_works() {
    let certificate = Some((file("server.pem"), file("server.key")));
    let user = Some(("mandate".to_owned(), "let me in".to_owned()));
    let tls = MailServerTls::StartTls;
    let server = MailServer::start(&MailServerOptions { tls, certificate, user });
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "let me in\n").unwrap();
    // Not an address of this machine alone, as far as the settings tell: TLS it must be.
    let mut settings = to("smtp", "0.0.0.0", server.port());
    settings.mail.user = "mandate".into();
    settings.mail.password_file = Some(password.path().to_owned());
    let stage = stage(settings).await;
    mail_to(&stage, "contact@example.com").await;
    let listed = sent(&stage, "contact@example.com").await;
    let mail = received(&server, "contact@example.com", 1).await.remove(0);
    assert!(mail.encrypted && mail.user.as_deref() == Some("mandate"), "{mail:?}");
    assert_eq!(mail.from, "Mandate <no-reply@mandate.example.com>");
    assert_eq!(
        (mail.to.as_str(), mail.sender.as_str()),
        ("contact@example.com", "no-reply@mandate.example.com")
    );
    assert_eq!(mail.subject, "Confirm the contact address of “Example Apps”");
    let id = listed["id"].as_str().unwrap();
    assert_eq!(mail.message_id, format!("<{id}@mandate.example.com>"));
    assert!(mail.html.contains(&token(&mail)) && mail.html.starts_with("<!doctype html>"));
    assert_eq!((&listed["attempts"], &listed["content"]), (&json!(1), &json!(null)));
    assert_eq!(used(&stage, &mail).await, 200);
    let events = stage.events().await;
    assert_eq!(events.iter().filter(|event| *event == "mail.sent").count(), 1, "{events:?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_mails_each_is_sent_once_by_two_replicas() {
    let server = server(MailServerTls::Implicit);
    let stage = stage(to("smtps", "localhost", server.port())).await;
    let other = stage.replica(to("smtps", "localhost", server.port())).await;
    let addresses: Vec<String> = (0..30).map(|n| format!("contact{n}@example.com")).collect();
    for address in &addresses {
        mail_to(&stage, address).await;
    }
    for address in &addresses {
        sent(&stage, address).await;
    }
    let mut recipients: Vec<String> =
        server.received().into_iter().map(|mail| mail.recipient).collect();
    recipients.sort();
    let mut expected = addresses;
    expected.sort();
    assert_eq!(recipients, expected);
    assert!(other.shutdown(END).await);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_tried_again_and_either_link_uses_the_confirmation_up() {
    let server = server(MailServerTls::None);
    let stage = stage(to_local(&server)).await;
    for address in ["busy@example.com", "dropping@example.com"] {
        mail_to(&stage, address).await;
    }
    let refused = |mail: &serde_json::Value| mail["attempts"] == 1;
    let busy = listed(&stage, "busy@example.com", refused).await;
    // Never what the server said: it repeats the address.
    assert_eq!(busy["last_error"], "recipient 450");
    let dropped = listed(&stage, "dropping@example.com", refused).await;
    assert_eq!(dropped["last_error"], "content");
    assert!(dropped["next_attempt_at"].is_string() && dropped["sent_at"].is_null());
    stage.clock.advance(TimeDelta::minutes(1));
    let busy = sent(&stage, "busy@example.com").await;
    assert_eq!((&busy["attempts"], &busy["last_error"]), (&json!(2), &json!(null)));
    assert_eq!(
        server.received().iter().filter(|mail| mail.recipient.starts_with("busy")).count(),
        1
    );
    sent(&stage, "dropping@example.com").await;
    // The server had it the first time already: the same mail twice, by two links.
    let twice = received(&server, "dropping@example.com", 2).await;
    assert_eq!(twice[0].message_id, twice[1].message_id);
    assert_ne!(token(&twice[0]), token(&twice[1]));
    assert_eq!((used(&stage, &twice[0]).await, used(&stage, &twice[1]).await), (200, 409));
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_abandoned_at_once_and_what_never_works_after_a_day() {
    let server = server(MailServerTls::None);
    let stage = stage(to_local(&server)).await;
    for (address, error) in
        [("nobody@example.com", "recipient 550"), ("junk@example.com", "content 554")]
    {
        mail_to(&stage, address).await;
        let mail = listed(&stage, address, |mail| !mail["abandoned_at"].is_null()).await;
        assert_eq!((&mail["attempts"], &mail["last_error"]), (&json!(1), &json!(error)));
    }
    let port = server.port();
    drop(server);
    mail_to(&stage, "contact@example.com").await;
    let waiting = listed(&stage, "contact@example.com", |mail| mail["attempts"] == 1).await;
    assert_eq!(waiting["last_error"], "connect", "nobody listens at {port}");
    let page = stage.operator.get("/v1/mails?state=waiting").await.expect(200).json;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    stage.clock.advance(TimeDelta::hours(24));
    let mail = listed(&stage, "contact@example.com", |mail| !mail["abandoned_at"].is_null()).await;
    assert_eq!(mail["attempts"], 2);
    let page = stage.operator.get("/v1/mails?state=abandoned").await.expect(200).json;
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    let events = stage.events().await;
    assert_eq!(events.iter().filter(|event| *event == "mail.abandoned").count(), 3, "{events:?}");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stalls_holds_nothing_up_for_longer_than_a_try_takes() {
    let server = server(MailServerTls::None);
    let mut settings = to_local(&server);
    settings.mail.timeout_seconds = 1;
    let stage = stage(settings).await;
    mail_to(&stage, "stalling@example.com").await;
    let mail = listed(&stage, "stalling@example.com", |mail| mail["attempts"] == 1).await;
    assert_eq!(mail["last_error"], "timeout");
    mail_to(&stage, "contact@example.com").await;
    sent(&stage, "contact@example.com").await;
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mail_leaves_without_tls_or_to_a_server_that_nobody_vouches_for() {
    let (plain, tls) = (server(MailServerTls::None), server(MailServerTls::StartTls));
    // One that is not on this machine, as far as the settings tell.
    let one = stage(to("smtp", "0.0.0.0", plain.port())).await;
    let mut unvouched = to("smtp", "0.0.0.0", tls.port());
    unvouched.mail.ca_file = None;
    let other = stage(unvouched).await;
    for stage in [one, other] {
        mail_to(&stage, "contact@example.com").await;
        let mail = listed(&stage, "contact@example.com", |mail| mail["attempts"] == 1).await;
        assert_eq!(mail["last_error"], "tls");
        stage.close().await;
    }
    assert!(plain.received().is_empty() && tls.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_sent_again_only_if_the_process_died_before_it_noted_that_it_was_taken() {
    let server = server(MailServerTls::None);
    // Here mails wait: no server is named.
    let stage = stage(settings()).await;
    mail_to(&stage, "contact@example.com").await;
    // Events cannot be written meanwhile, nor hence that the mail was sent.
    let superuser = stage.superuser().await;
    let mut held = superuser.begin().await.unwrap();
    sqlx::query("LOCK TABLE directory.events IN SHARE MODE").execute(&mut *held).await.unwrap();
    let dying = stage.replica(to_local(&server)).await;
    let first = received(&server, "contact@example.com", 1).await.remove(0);
    dying.shutdown(END).await;
    held.rollback().await.unwrap();
    let living = stage.replica(to_local(&server)).await;
    let mail = sent(&stage, "contact@example.com").await;
    assert_eq!(mail["attempts"], 1, "the try of the one that died is not known");
    let both = received(&server, "contact@example.com", 2).await;
    assert_eq!((both.len(), &both[1].message_id), (2, &first.message_id));
    assert_ne!(token(&both[0]), token(&both[1]));
    // A link that was mailed works, whatever became of who mailed it.
    assert_eq!(used(&stage, &first).await, 200);
    assert!(living.shutdown(END).await);
    stage.close().await;
}
