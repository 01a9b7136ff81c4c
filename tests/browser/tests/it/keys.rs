//! Keys, beyond the first: that one is made once, whatever is pressed.

use browser::Options;
use journeys::{
    people::{App, Organization},
    system,
};

use crate::product::signed_in_at;

async fn with_app() -> (Organization, App) {
    let organization = system::shared().await.operator().organization().await;
    let app = organization.developer.active_app(&organization, "retail_media").await;
    (organization, app)
}

async fn names_of_keys(organization: &Organization, app: &App) -> Vec<String> {
    let path = format!("/v1/apps/{}/keys", app.id);
    let listed = organization.developer.get(&path).await.expect(200);
    let keys = listed.json["items"].as_array().unwrap();
    keys.iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_makes_one_key_and_shows_its_secret() {
    let (organization, app) = with_app().await;
    let path = format!("/apps/{}/keys/new", app.id);
    let browser = signed_in_at(&organization.developer, &path, Options::default()).await;
    browser.fill("Name", "Nightly").await;
    browser.double_click_button("Create a key").await;
    browser.says("The secret is shown this once").await;
    assert_eq!(names_of_keys(&organization, &app).await, ["Nightly"]);
    browser.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_again_makes_no_key_and_leads_to_replacing_it() {
    let (organization, app) = with_app().await;
    let path = format!("/apps/{}/keys/new", app.id);
    let options = Options { scripts: false, ..Options::default() };
    let browser = signed_in_at(&organization.developer, &path, options).await;
    browser.fill("Name", "Nightly").await;
    browser.click_button("Create a key").await;
    browser.says("The secret is shown this once").await;
    // It would do nothing.
    browser.says_no_more("Copy").await;
    let secret = browser.value("Client secret").await;

    browser.reload().await;
    browser.says("This key was made already").await;
    let seen = browser.text().await;
    assert!(!seen.contains(&secret), "{seen}");
    assert_eq!(names_of_keys(&organization, &app).await, ["Nightly"]);
    browser.follow("Replace this key").await;
    browser.heading("Replace the key “Nightly”").await;
}
