//! From a link to the end of a consent, by two people in two browsers.

use browser::{Browser, Options};
use journeys::people::{App, Link, Organization, Person};
use journeys::system::{self, BASE_URL};

use crate::product::{open, signed_in_at, visit};

/// The path of a consent URL.
fn path(url: &str) -> String {
    url.strip_prefix(BASE_URL).unwrap().to_owned()
}

/// The path of a link that the API made.
fn address(link: &Link) -> String {
    format!("/consent/{}", link.token)
}

/// A link that the developer generates by clicks: its path.
async fn generated(developer: &Browser, app: &App) -> String {
    visit(developer, &format!("/apps/{}/links", app.id)).await;
    developer.fill("For whom", "Corner Shop").await;
    developer.click_button("Generate a link").await;
    developer.says("The link is shown this once").await;
    path(&developer.value("Consent link").await)
}

async fn with_app() -> (Organization, App) {
    let operator = system::shared().await.operator();
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, "retail_media").await;
    (organization, app)
}

/// Chooses the account of the test, and goes on to the review.
async fn review(browser: &Browser, account: &str) {
    browser.choose(&label(account)).await;
    browser.click_button("Review").await;
    browser.says("last step").await;
}

/// What stands beside an account's checkbox.
fn label(account: &str) -> String {
    format!("{account} You: Admin")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_generated_approved_and_the_consent_revoked_and_both_sides_see_it() {
    let operator = system::shared().await.operator();
    let (organization, app) = with_app().await;
    let account = operator.account("retail_media", &["admin"]).await;
    let developer = signed_in_at(&organization.developer, "/apps", Options::default()).await;
    let link = generated(&developer, &app).await;

    let owner = signed_in_at(account.admin(), &link, Options::default()).await;
    owner.says("Who is asking").await;
    owner.click_button("Review").await;
    owner.says("Choose at least one account that can be chosen.").await;
    owner.forget_errors().await;
    review(&owner, &account.name).await;
    owner.click_button("Approve for one account").await;
    owner.says("Receipt of consent").await;
    owner.assert_quiet().await;

    visit(&developer, &format!("/apps/{}/grants", app.id)).await;
    developer.says(&account.name).await;
    visit(&developer, &format!("/apps/{}/links", app.id)).await;
    developer.says("Granted").await;

    visit(&owner, "/consents").await;
    owner.heading("My consents").await;
    owner.follow(&format!("Revoke {}", account.name)).await;
    owner.says("Stops at once").await;
    owner.click_button(&format!("Revoke for {}", account.name)).await;
    owner.says("No app can act on your accounts").await;
    visit(&developer, &format!("/apps/{}/grants?state=revoked", app.id)).await;
    developer.says("Revoked").await;
    developer.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_two_tabs_have_open_is_used_once() {
    let operator = system::shared().await.operator();
    let (organization, app) = with_app().await;
    let account = operator.account("retail_media", &["admin"]).await;
    let link = address(&organization.developer.link(&app).await);
    let (one, other) = (
        signed_in_at(account.admin(), &link, Options::default()).await,
        signed_in_at(account.admin(), &link, Options::default()).await,
    );
    review(&one, &account.name).await;
    review(&other, &account.name).await;
    one.click_button("Approve for one account").await;
    one.says("Receipt of consent").await;
    other.click_button("Approve for one account").await;
    other.heading("This link has been used").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_leaves_a_link_unopened_and_who_is_signed_out_learns_nothing() {
    let operator = system::shared().await.operator();
    let (organization, app) = with_app().await;
    let account = operator.account("retail_media", &["admin"]).await;
    let made = organization.developer.link(&app).await;
    let link = address(&made);
    let scanner = open(Options { scripts: false, ..Options::default() }).await;
    visit(&scanner, &link).await;
    scanner.says("Someone sent you a request for access").await;
    let seen = scanner.text().await;
    let asked = organization.developer.get(&format!("/v1/apps/{}", app.id)).await.expect(200);
    let (app_name, contact) = (asked.field("name"), &organization.developer.name);
    assert!(!seen.contains(&app_name) && !seen.contains(contact), "{seen}");
    let listed = organization.developer.get(&format!("/v1/consent-links/{}", made.id)).await;
    assert_eq!(listed.expect(200).json["state"], "pending");
    // It still works, without scripts as well.
    let options = Options { scripts: false, ..Options::default() };
    let owner = signed_in_at(account.admin(), &link, options).await;
    review(&owner, &account.name).await;
    owner.click_button("Approve for one account").await;
    owner.says("Receipt of consent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analyst_asks_somebody_who_may_consent() {
    let operator = system::shared().await.operator();
    let (organization, app) = with_app().await;
    let account = operator.account("retail_media", &["admin", "analyst"]).await;
    let link = organization.developer.link(&app).await;
    let analyst: &Person = account.person("analyst");
    let browser = signed_in_at(analyst, &address(&link), Options::default()).await;
    browser.says("may not consent").await;
    browser.click_button(&format!("Ask {}", account.admin().name)).await;
    browser.says("The request was passed on").await;
    browser.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_denied_in_french() {
    let operator = system::shared().await.operator();
    let (organization, app) = with_app().await;
    let account = operator.account("retail_media", &["admin"]).await;
    let link = address(&organization.developer.link(&app).await);
    let options = Options { language: "fr-FR,fr", ..Options::default() };
    let browser = crate::product::open_at(&link, options).await;
    browser.heading("Se connecter").await;
    browser.fill("Adresse e-mail", &account.admin().email).await;
    browser.fill("Mot de passe", journeys::people::PASSWORD).await;
    browser.click_button("Se connecter").await;
    browser.says("Qui demande").await;
    browser.click_button("Refuser").await;
    browser.says("Prend fin aussitôt").await;
    browser.click_button("Refuser la demande").await;
    browser.heading("Vous avez refusé la demande").await;
    browser.assert_quiet().await;
}
