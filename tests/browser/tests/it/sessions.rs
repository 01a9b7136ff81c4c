//! Where one is signed in.

use browser::Options;
use journeys::system;

use crate::product::{signed_in, visit};

#[tokio::test(flavor = "multi_thread")]
async fn another_browser_is_listed_and_ended_from_here() {
    let organization = system::shared().await.operator().organization().await;
    let developer = &organization.developer;
    let here = signed_in(developer, Options::default()).await;
    let elsewhere = signed_in(developer, Options::default()).await;

    visit(&here, "/sessions").await;
    here.heading("Your sessions").await;
    here.says("this one").await;
    here.click_button("End all other sessions").await;
    here.says_no_more("End all other sessions").await;

    visit(&elsewhere, "/apps").await;
    elsewhere.heading("Sign in").await;
    visit(&here, "/apps").await;
    here.heading("My apps").await;
    here.assert_quiet().await;
}
