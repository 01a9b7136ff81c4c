//! Mails, where they are kept in memory, and the links in them.

use chrono::TimeDelta;
use directory::{MailSettings, Settings};
use futures::future::join_all;
use serde_json::{Value, json};
use service::limits::LimitSettings;
use stage::{Answer, eventually, wide_limits};

use crate::stage::{Person, Stage, settings};

/// A stage on which mails can be read.
pub(crate) async fn stage() -> Stage {
    stage_within(wide_limits()).await
}

/// The same within these limits.
pub(crate) async fn stage_within(limits: LimitSettings) -> Stage {
    let mail = MailSettings { kept_in_memory: 100, ..MailSettings::default() };
    let public_base_url = "https://mandate.example.com".to_owned();
    Stage::with(Settings { mail, public_base_url, ..settings() }, limits).await
}

/// The mails of a kind to this address, the last first, once there are so many.
pub(crate) async fn mails(
    stage: &Stage,
    template: &str,
    address: &str,
    count: usize,
) -> Vec<Value> {
    eventually("mails", async || {
        let page = stage.operator.get("/v1/mails").await.expect(200).json;
        let mut mails = page["items"].as_array().unwrap().clone();
        mails.retain(|mail| {
            mail["template"] == template
                && mail["recipient"] == address
                && mail["content"].is_object()
        });
        if mails.len() == count { Ok(mails) } else { Err(page.to_string()) }
    })
    .await
}

/// The token of the link in this mail.
pub(crate) fn token(mail: &Value) -> String {
    let text = mail["content"]["text"].as_str().unwrap();
    let at = text.find("mandate_ml_").unwrap();
    text[at..].split_whitespace().next().unwrap().to_owned()
}

async fn complete(stage: &Stage, token: &str) -> Answer {
    let body = json!({ "token": token });
    stage.anonymous().post("/v1/contact-confirmations/complete", body).await
}

async fn confirmed(owner: &Person, organization: &str) -> Value {
    owner.get(organization).await.expect(200).json["confirmed"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_address_is_confirmed_by_the_link_that_is_mailed_there() {
    let stage = stage().await;
    let owner = stage.person("owner").await;
    let path = owner.organization().await;
    let mail = mails(&stage, "confirm_contact", "contact@example.com", 1).await.remove(0);
    let text = mail["content"]["text"].as_str().unwrap();
    assert!(text.contains("https://mandate.example.com/confirm-contact/mandate_ml_"), "{text}");
    assert_eq!(confirmed(&owner, &path).await, false);
    let (answer, events) = stage.events_of(complete(&stage, &token(&mail))).await;
    assert_eq!(answer.expect(200).json["organization_name"], "Example Apps");
    assert_eq!(events, ["contact-confirmation.completed", "organization.contact-confirmed"]);
    assert_eq!(confirmed(&owner, &path).await, true);
    complete(&stage, &token(&mail)).await.problem(409, "mailed-link-used");
    let again = owner.post(&format!("{path}/contact-confirmations"), json!({})).await;
    again.problem(409, "contact-confirmed");

    // A new address has to be confirmed anew, and only by what is mailed there.
    let edit = json!({ "contact_email": "new@example.com", "language": "fr" });
    let (answer, events) = stage.events_of(owner.patch(&path, edit)).await;
    assert_eq!(answer.expect(200).json["confirmed"], false);
    assert_eq!(events, ["organization.edited", "contact-confirmation.requested"]);
    let french = mails(&stage, "confirm_contact", "new@example.com", 1).await.remove(0);
    assert_eq!(french["content"]["subject"], "Confirmez l’adresse de contact de « Example Apps »");
    complete(&stage, &token(&french)).await.expect(200);
    assert_eq!(confirmed(&owner, &path).await, true);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_confirms_neither_late_nor_another_address_nor_what_it_is_not_for() {
    let stage = stage().await;
    let owner = stage.person("owner").await;
    let path = owner.organization().await;
    let old = mails(&stage, "confirm_contact", "contact@example.com", 1).await.remove(0);
    let edit = json!({ "contact_email": "new@example.com" });
    owner.patch(&path, edit).await.expect(200);
    complete(&stage, &token(&old)).await.problem(410, "mailed-link-outdated");
    let new = mails(&stage, "confirm_contact", "new@example.com", 1).await.remove(0);
    stage.clock.advance(TimeDelta::days(7));
    complete(&stage, &token(&new)).await.problem(410, "mailed-link-expired");
    for nothing in ["", "mandate_ml_", &token(&new).replace("mandate_ml_", "mandate_pat_")] {
        complete(&stage, nothing).await.problem(404, "mailed-link-not-found");
    }
    let unknown = format!("mandate_ml_{}", "A".repeat(43));
    complete(&stage, &unknown).await.problem(404, "mailed-link-not-found");
    assert_eq!(confirmed(&owner, &path).await, false);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_uses_of_one_link_at_the_same_time_one_confirms() {
    let stage = stage().await;
    let owner = stage.person("owner").await;
    owner.organization().await;
    let mail = mails(&stage, "confirm_contact", "contact@example.com", 1).await.remove(0);
    let token = token(&mail);
    let (answers, events) =
        stage.events_of(join_all((0..200).map(|_| complete(&stage, &token)))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
    assert_eq!(events, ["contact-confirmation.completed", "organization.contact-confirmed"]);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_sent_again_so_often_an_hour_and_for_owners_only() {
    let stage = stage().await;
    let owner = stage.person("owner").await;
    let path = owner.organization().await;
    let again = format!("{path}/contact-confirmations");
    for _ in 0..4 {
        owner.post(&again, json!({})).await.expect(202);
    }
    owner.post(&again, json!({})).await.problem(429, "too-many-requests");
    let edit = json!({ "contact_email": "new@example.com" });
    owner.patch(&path, edit.clone()).await.problem(429, "too-many-requests");
    mails(&stage, "confirm_contact", "contact@example.com", 5).await;
    stage.clock.advance(TimeDelta::hours(1));
    owner.patch(&path, edit).await.expect(200);
    let stranger = stage.person("stranger").await;
    stranger.post(&again, json!({})).await.problem(404, "organization-not-found");
    let member = stage.person("member").await;
    let body = json!({ "email": member.email, "role": "developer" });
    stage.operator.post(&format!("{path}/members"), body).await.expect(201);
    member.post(&again, json!({})).await.problem(403, "role-not-allowed");
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_nothing_to_tell_any_more_is_not_sent() {
    // Here mails wait until another process sends them.
    let stage = Stage::set().await;
    let owner = stage.person("owner").await;
    let path = owner.organization().await;
    stage.operator.post(&format!("{path}/confirm-contact"), json!({})).await.expect(200);
    let mail = MailSettings { kept_in_memory: 100, ..MailSettings::default() };
    let replica = stage.replica(Settings { mail, ..settings() }).await;
    let abandoned = eventually("the mail is abandoned", async || {
        let page = stage.operator.get("/v1/mails?state=abandoned").await.expect(200).json;
        page["items"].get(0).cloned()
    })
    .await;
    assert_eq!(
        (&abandoned["last_error"], &abandoned["content"]),
        (&json!("outdated"), &json!(null))
    );
    assert!(replica.shutdown(std::time::Duration::from_secs(10)).await);
    stage.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_operators_read_mails() {
    let stage = stage().await;
    let owner = stage.person("owner").await;
    owner.organization().await;
    mails(&stage, "confirm_contact", "contact@example.com", 1).await;
    owner.get("/v1/mails").await.problem(403, "role-not-allowed");
    stage.anonymous().get("/v1/mails").await.expect(401);
    let wrong = stage.operator.get("/v1/mails?state=lost").await;
    wrong.expect(422);
    stage.close().await;
}
