//! The way from nothing to an active app and its first key.

use std::collections::BTreeMap;

use browser::{Browser, Key, Options};
use journeys::system;

use crate::product::{signed_in, visit};

const APP: &str = "Campaign planner";

/// Up to the review.
async fn fill_in(browser: &Browser) {
    browser.follow("Create your first app").await;
    browser.heading("What will account owners see?").await;
    browser.fill("Name", APP).await;
    browser.fill("Description (optional)", "Plans campaigns, a week ahead.").await;
    browser.click_button("Next").await;
    browser.heading("How will it get access?").await;
    browser.choose("Client credentials").await;
    browser.click_button("Next").await;
    browser.heading("How will it be recognized?").await;
    browser.click_button("Next").await;
    browser.heading("Which service does it work with?").await;
    browser.choose("C-Max").await;
    browser.click_button("Next").await;
    browser.heading("What may it do?").await;
    browser.choose_in("Campaigns", "Manage").await;
    browser.choose_in("Analytics", "Read").await;
    browser.click_button("Next").await;
    browser.heading("Review, then activate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_made_activated_and_gets_tokens_by_the_file_of_its_key() {
    let system = system::shared().await;
    let organization = system.operator().organization().await;
    let browser = signed_in(&organization.developer, Options::default()).await;
    fill_in(&browser).await;

    browser.fill("Type the app’s name to activate it", "Another").await;
    browser.click_button("Activate app").await;
    browser.says("That is not the app’s name. Nothing was activated.").await;
    browser.forget_errors().await;
    browser.fill("Type the app’s name to activate it", APP).await;
    browser.click_button("Activate app").await;
    browser.heading(APP).await;
    browser.says("Active").await;

    browser.follow("Keys").await;
    browser.says("No key yet").await;
    browser.follow("Create a key").await;
    browser.fill("Name", "Production").await;
    browser.click_button("Create a key").await;
    browser.says("The secret is shown this once").await;
    let (client_id, secret) =
        (browser.value("Client id").await, browser.value("Client secret").await);
    browser.follow("Download .txt").await;
    let file = browser.download(&format!("{client_id}.txt")).await;
    let file: BTreeMap<&str, &str> = file.lines().filter_map(|line| line.split_once('=')).collect();
    assert_eq!((file["client_id"], file["client_secret"]), (&*client_id, &*secret));

    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", file["client_id"]),
        ("client_secret", file["client_secret"]),
    ];
    system.anonymous().form("/oauth2/token", &fields).await.expect(200);
    browser.follow("Back to keys").await;
    browser.says("1 of 5").await;
    let seen = browser.text().await;
    assert!(!seen.contains(&secret), "{seen}");
    browser.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wizard_is_gone_through_without_scripts() {
    let organization = system::shared().await.operator().organization().await;
    let options = Options { scripts: false, ..Options::default() };
    fill_in(&signed_in(&organization.developer, options).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_alone_leads_from_nothing_to_an_active_app() {
    let organization = system::shared().await.operator().organization().await;
    let browser = signed_in(&organization.developer, Options::default()).await;
    browser.tab_to("Create your first app").await;
    browser.press(Key::Enter).await;
    browser.heading("What will account owners see?").await;
    browser.tab_to("Name").await;
    browser.type_text(APP).await;
    browser.press(Key::Enter).await;
    browser.heading("How will it get access?").await;
    browser.tab_to("Authorization code").await;
    browser.press(Key::Down).await;
    browser.press(Key::Enter).await;
    browser.heading("How will it be recognized?").await;
    browser.tab_to("Next").await;
    browser.press(Key::Enter).await;
    browser.heading("Which service does it work with?").await;
    browser.tab_to("C-Growth").await;
    browser.press(Key::Space).await;
    browser.press(Key::Enter).await;
    browser.heading("What may it do?").await;
    browser.tab_to("No access").await;
    browser.press(Key::Right).await;
    browser.press(Key::Enter).await;
    browser.heading("Review, then activate").await;
    browser.tab_to("Type the app’s name to activate it").await;
    browser.type_text(APP).await;
    browser.press(Key::Enter).await;
    browser.heading(APP).await;
    browser.says("Active").await;
    browser.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_step_is_left_without_a_choice() {
    let organization = system::shared().await.operator().organization().await;
    let browser = signed_in(&organization.developer, Options::default()).await;
    browser.follow("Create your first app").await;
    browser.fill("Name", APP).await;
    browser.click_button("Next").await;
    browser.heading("How will it get access?").await;
    // The browser itself asks for a choice.
    browser.click_button("Next").await;
    browser.heading("How will it get access?").await;
    let apps = organization.developer.get("/v1/apps").await.expect(200);
    assert_eq!(apps.json["items"].as_array().unwrap().len(), 0, "nothing was made");
    let draft = organization.developer.draft(&organization, "retail_media").await;
    visit(&browser, &format!("/apps/{}/domains", draft.id)).await;
    browser.heading("What may it do?").await;
    browser.choose_in("Campaigns", "No access").await;
    browser.choose_in("Analytics", "No access").await;
    browser.click_button("Next").await;
    browser.says("Choose at least one.").await;
}
