//! A session that ends while somebody types.

use browser::Options;
use journeys::{people::PASSWORD, system};

use crate::product::signed_in_at;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_comes_again_and_nothing_is_sent_by_itself() {
    let organization = system::shared().await.operator().organization().await;
    let developer = &organization.developer;
    let browser = signed_in_at(developer, "/apps/new", Options::default()).await;
    browser.fill("Name", "Half typed").await;
    browser.click_button("Next").await;
    browser.heading("How will it get access?").await;
    browser.choose("Client credentials").await;
    // All sessions end, this one as well.
    let (_, session) = developer.session().await;
    session.delete("/v1/sessions").await.expect(204);

    browser.click_button("Next").await;
    browser.says("What you typed is kept").await;
    browser.forget_errors().await;
    browser.fill("Email", &developer.email).await;
    browser.fill("Password", PASSWORD).await;
    browser.click_button("Sign in").await;
    browser.heading("How will it get access?").await;
    let apps = developer.get("/v1/apps").await.expect(200);
    assert_eq!(apps.json["items"].as_array().unwrap().len(), 0, "nothing was sent by itself");
    browser.click_button("Next").await;
    browser.heading("How will it be recognized?").await;
    let apps = developer.get("/v1/apps").await.expect(200);
    assert_eq!(apps.json["items"][0]["name"], "Half typed");
    browser.assert_quiet().await;
}
