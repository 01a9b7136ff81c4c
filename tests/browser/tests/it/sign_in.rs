//! Signing in and out.

use browser::Options;
use journeys::{people::PASSWORD, system};

use crate::product::{open, signed_in, try_to_sign_in, visit};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_and_the_right_one_goes_where_one_wanted() {
    let organization = system::shared().await.operator().organization().await;
    let developer = &organization.developer;
    let browser = open(Options::default()).await;
    visit(&browser, "/sessions").await;
    browser.heading("Sign in").await;

    try_to_sign_in(&browser, &developer.email, "not the password at all").await;
    browser.says("Email or password is not right.").await;
    // The answer is 401, which the console takes for an error.
    browser.forget_errors().await;
    // The email is kept, the password is not.
    browser.fill("Password", PASSWORD).await;
    browser.click_button("Sign in").await;
    browser.heading("Your sessions").await;
    assert_eq!(browser.path().await, "/sessions");
    browser.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_signing_out_back_shows_nothing() {
    let organization = system::shared().await.operator().organization().await;
    let developer = &organization.developer;
    let browser = signed_in(developer, Options::default()).await;
    visit(&browser, "/sessions").await;
    browser.heading("Your sessions").await;
    browser.click_button(&developer.name).await;
    browser.click_button("Sign out").await;
    browser.heading("Sign in").await;

    browser.back().await;
    browser.heading("Sign in").await;
    let seen = browser.text().await;
    assert!(!seen.contains(&developer.name), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_does_not_come_back_is_said() {
    let organization = system::shared().await.operator().organization().await;
    let browser = open(Options { cookies: false, ..Options::default() }).await;
    try_to_sign_in(&browser, &organization.developer.email, PASSWORD).await;
    browser.says("Your browser did not keep the cookie").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signs_in_without_scripts_and_by_keyboard_alone() {
    let organization = system::shared().await.operator().organization().await;
    let browser = open(Options { scripts: false, ..Options::default() }).await;
    browser.tab_to("Email").await;
    browser.type_text(&organization.developer.email).await;
    browser.press_tab().await;
    assert_eq!(browser.focused().await, "Password");
    browser.type_text(PASSWORD).await;
    browser.press(browser::Key::Enter).await;
    browser.heading("My apps").await;
}
