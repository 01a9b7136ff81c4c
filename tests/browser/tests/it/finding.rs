//! Pages are used by what is written there.

use browser::{Browser, Options};

use crate::pages::Pages;

const FORM: &str = "<h1>Create an app</h1>\
    <form action=\"/created\"><p><label for=\"n\">Name</label><input id=\"n\" name=\"name\" value=\"Draft\"></p>\
    <p><label><input type=\"checkbox\" name=\"a\" value=\"1\"> Archived, too</label></p>\
    <fieldset><legend>Campaigns</legend><label><input type=\"radio\" name=\"c\" value=\"r\"> Read</label></fieldset>\
    <fieldset><legend>Reports</legend><label><input type=\"radio\" name=\"r\" value=\"r\"> Read</label></fieldset>\
    <button>Create</button></form>\
    <button hidden>Secret</button><p><a href=\"/secret.txt\">Download .txt</a></p>";

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_filled_by_its_labels_and_sent_by_its_button() {
    let pages = Pages::serve(&[("/", FORM), ("/created", "<h1>Created</h1>")]).await;
    let browser = Browser::start(Options::default()).await;
    browser.goto(&pages.url("/")).await;
    browser.heading("Create an app").await;
    browser.fill("Name", "Campaign planner").await;
    browser.choose("Archived, too").await;
    browser.choose_in("Reports", "Read").await;
    browser.click_button("Create").await;
    browser.heading("Created").await;
    assert_eq!(browser.path().await, "/created?name=Campaign+planner&a=1&r=r");
    browser.back().await;
    browser.heading("Create an app").await;
    browser.follow("Download .txt").await;
    assert_eq!(browser.download("secret.txt").await, "client_secret=abc\n");
    browser.assert_quiet().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_goes_from_stop_to_stop() {
    let pages = Pages::serve(&[("/", FORM), ("/created", "<h1>Created</h1>")]).await;
    let browser = Browser::start(Options::default()).await;
    browser.goto(&pages.url("/")).await;
    browser.press_tab().await;
    assert_eq!(browser.focused().await, "Name");
    browser.type_text("Planner").await;
    browser.press_tab().await;
    assert_eq!(browser.focused().await, "Archived, too");
    for name in ["Read", "Read", "Create"] {
        browser.press_tab().await;
        assert_eq!(browser.focused().await, name);
    }
    browser.press(browser::Key::Enter).await;
    browser.heading("Created").await;
    assert_eq!(browser.path().await, "/created?name=Planner");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_screen_reader_is_told_is_text() {
    let pages = Pages::serve(&[("/", FORM)]).await;
    let browser = Browser::start(Options::default()).await;
    browser.goto(&pages.url("/")).await;
    let tree = browser.accessibility_tree().await;
    for line in ["heading \"Create an app\" level=1", "textbox \"Name\"", "button \"Create\""] {
        assert!(tree.contains(line), "{line} in\n{tree}");
    }
    assert!(!tree.contains("Secret"), "{tree}");
}
