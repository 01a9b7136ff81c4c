//! Passing a request for consent on, from the running system through a mail server: rule 40. And the approval of all
//! accounts that a search finds: rules 18 to 22.

use std::fmt::Write as _;

use journeys::events;
use journeys::people::{Link, Person, RETAIL_MEDIA};
use journeys::system::{BASE_URL, System, shared};
use local_servers::testing::{MailServer, MailServerOptions, ReceivedMail};
use serde_json::json;
use stage::Method;

/// The link to the request in a mail.
fn link(mail: &ReceivedMail, id: &str) -> Link {
    let (_, rest) = mail.text.split_once(&format!("{BASE_URL}/consent/")).unwrap();
    Link { id: id.to_owned(), token: rest.split_whitespace().next().unwrap().to_owned() }
}

#[tokio::test]
async fn who_may_not_consent_asks_who_may_and_the_link_is_used_once() {
    let mail = MailServer::start(&MailServerOptions::default());
    let settings = format!(
        "[log]\nfilter = \"debug\"\n[directory.mail]\nsmtp = \"smtp://127.0.0.1:{}\"\nfrom = \"no-reply@mandate.example.com\"\n",
        mail.port()
    );
    let system = System::configured(&settings).await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin", "technical_manager", "viewer"]).await;
    let (viewer, admin) = (account.person("viewer"), account.admin());
    let first = organization.developer.link(&app).await;

    // The page says whom to ask.
    let page = viewer.open(&first).await.expect(200).json;
    let reason = &page["accounts"][0]["reason"];
    assert_eq!(reason["code"], "role_may_not_consent");
    let consenters: Vec<_> = reason["consenters"].as_array().unwrap().iter().collect();
    assert!(consenters.iter().any(|person| person["person_id"] == admin.id.as_str()), "{reason}");
    let path = format!("/v1/consent-requests/{}/pass-on", first.token);
    let to = |person: &Person| json!({ "account_id": account.id, "person_id": person.id });
    viewer.post(&path, to(viewer)).await.problem(422, "not-a-consenter");
    viewer.post(&path, to(&organization.owner)).await.problem(422, "not-a-consenter");
    let unseen = organization.owner.post(&path, to(admin)).await;
    unseen.refuses_fields(&["account_id"]);
    admin.post(&path, to(admin)).await.problem(422, "role-may-consent");
    viewer.post(&path, to(admin)).await.expect(202);
    viewer.post(&path, to(admin)).await.problem(409, "passed-on-just-now");
    // Somebody who cannot sign in any more is nobody to ask.
    let gone = account.person("technical_manager");
    operator.act(&format!("/v1/people/{}/deactivate", gone.id)).await.expect(200);
    viewer.post(&path, to(gone)).await.problem(422, "not-a-consenter");

    let mailed = mail.mail_to(&admin.email).await;
    assert!(mailed.subject.contains(&viewer.name), "{}", mailed.subject);
    let second = link(&mailed, &first.id);
    assert_ne!(second.token, first.token);
    assert_eq!(admin.open(&second).await.expect(200).field("link_id"), first.id);
    admin.approve(&second, &[&account.id]).await.expect(200);
    for used in [&first, &second] {
        admin.open(used).await.problem(409, "link-already-used");
        viewer.deny(used).await.problem(409, "link-already-used");
    }
    let path = format!("/v1/consent-links/{}", first.id);
    let seen = organization.developer.get(&path).await.expect(200).json;
    assert_eq!((&seen["passed_on_count"], &seen["allowed"]), (&json!(1), &json!([])));
    let query = format!("app_id={}", app.id);
    let kinds = ["consent-link.passed-on", "consent-link.redeemed", "mail.sent"];
    let found = events::found(&organization.auditor, &query, &kinds[..2]).await;
    let passed = found.iter().find(|event| event.kind() == kinds[0]).unwrap();
    assert_eq!(passed.attribute("actor"), viewer.actor());
    // Which account it was about the app's organization does not learn before it consents.
    assert!(!passed.event.to_string().contains(&account.id), "{}", passed.event);
    let said = system.said();
    for token in [&first.token, &second.token] {
        assert!(said.contains("DEBUG") && !said.contains(token.as_str()));
    }
    assert!(!said.contains(&admin.email), "{said}");
    system.stop().await;
}

#[tokio::test]
async fn all_accounts_that_a_search_finds_are_approved_at_once() {
    let operator = shared().await.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let holder = operator.person("Holder").await;
    let mut file = "account_name,kind,service,external_id,email,role\n".to_owned();
    for number in 0..30 {
        let role = if number % 3 == 0 { "viewer" } else { "admin" };
        let (name, email) = (if number < 20 { "Pâtisserie Œil" } else { "Kiosk" }, &holder.email);
        let id = format!("{}-{number}", app.id);
        writeln!(file, "{name} {number},advertiser,retail_media,{id},{email},{role}").unwrap();
    }
    let request = operator.request(Method::POST, "/v1/accounts/import");
    request.header("content-type", "text/csv").body(file).send().await.expect(200);

    let link = organization.developer.link(&app).await;
    let accounts = format!("/v1/consent-requests/{}/accounts", link.token);
    for (q, matching) in [
        ("patisserie%20oeil", 20),
        ("P%C3%82TISSERIE", 20),
        ("kiosk", 10),
        ("kiosque", 0),
        (&app.id, 30),
    ] {
        let page = holder.get(&format!("{accounts}?q={q}&limit=1")).await.expect(200).json;
        assert_eq!(page["counts"]["matching"], json!(matching), "{q}");
    }
    let page = holder.get(&format!("{accounts}?q=patisserie&limit=200")).await.expect(200).json;
    let counts = json!({
        "matching": 20, "selectable": 13, "more": false,
        "unselectable": { "role_may_not_consent": 7, "already_granted": 0 },
    });
    assert_eq!(page["counts"], counts);
    let shown =
        page["items"].as_array().unwrap().iter().find(|account| account["selectable"] == true);
    let except = shown.unwrap()["id"].clone();
    let approve = format!("/v1/consent-requests/{}/approve", link.token);
    let body = json!({ "all": { "q": "patisserie" }, "except": [except] });
    let answer = holder.post(&approve, body).await.expect(200).json;
    assert_eq!(answer["granted_count"], json!(12));
    let left = json!({ "excepted": 1, "role_may_not_consent": 7, "already_granted": 0 });
    assert_eq!(answer["left_out"], left);
    let granted = answer["granted"].as_array().unwrap();
    assert!(granted.iter().all(|grant| grant["account_id"] != except));
    let seen = organization.developer.get(&format!("/v1/consent-links/{}", link.id)).await;
    assert_eq!(seen.expect(200).json["granted_count"], json!(12));
}
