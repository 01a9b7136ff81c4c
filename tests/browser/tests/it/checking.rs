//! Each check finds its fault, and nothing on a page that is in order.

use browser::{Browser, Options};

use crate::pages::Pages;

const GOOD: &str = "<h1>In order</h1><p>Read <a href=\"/more\">more of it</a> here.</p>\
    <p><label for=\"n\">Name</label> <input id=\"n\" style=\"block-size: 40px\"></p>\
    <button style=\"block-size: 40px\">Create</button>";

/// A page with one fault, and how the line begins that tells it.
const FAULTS: [(&str, &str, &str); 8] = [
    ("/no-heading", "<p>Nothing</p>", "h1: there are 0"),
    ("/two-headings", "<h1>One</h1><h1>Two</h1>", "h1: there are 2"),
    ("/wide", "<h1>Wide</h1><div style=\"inline-size: 3000px\">Wide</div>", "overflow: "),
    (
        "/clipped",
        "<h1>Clipped</h1><p style=\"inline-size: 60px; overflow: hidden; white-space: nowrap\">A long name of an app</p>",
        "clipped: p",
    ),
    (
        "/small",
        "<h1>Small</h1><button style=\"block-size: 12px; inline-size: 12px; padding: 0\">x</button>",
        "target: button",
    ),
    (
        "/no-focus",
        "<h1>No focus</h1><button style=\"block-size: 40px; outline: none\">Go</button>",
        "focus: button \"Go\" shows no focus",
    ),
    (
        "/pale",
        "<h1>Pale</h1><p style=\"color: #ddd; background: #fff\">Hard to read</p>",
        "axe: color-contrast",
    ),
    ("/nameless", "<h1>Nameless</h1><input style=\"block-size: 40px\">", "axe: label"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_page_in_order_has_no_fault() {
    let pages = Pages::serve(&[("/", GOOD)]).await;
    let browser = Browser::start(Options::default()).await;
    browser.goto(&pages.url("/")).await;
    assert_eq!(browser.faults(10_000).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_found_and_nothing_else() {
    let served = FAULTS.map(|(path, body, _)| (path, body));
    let pages = Pages::serve(&served).await;
    let browser = Browser::start(Options::default()).await;
    for (path, _, fault) in FAULTS {
        browser.goto(&pages.url(path)).await;
        let found = browser.faults(10_000).await;
        assert_eq!(found.len(), 1, "{path}: {found:#?}");
        assert!(found[0].starts_with(fault), "{path}: {found:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weight_is_all_that_was_fetched() {
    let pages = Pages::serve(&[("/", GOOD)]).await;
    let browser = Browser::start(Options::default()).await;
    browser.goto(&pages.url("/")).await;
    let found = browser.weight_faults(100).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("weight: "), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_of_the_policy_and_errors_of_scripts_are_not_quiet() {
    let broken = "<h1>Broken</h1><script>nothing.of.that()</script>";
    let pages = Pages::serve(&[("/", GOOD), ("/broken", broken)]).await;
    let browser = Browser::start(Options::default()).await;
    browser.goto(&pages.url("/")).await;
    browser.assert_quiet().await;

    browser.goto(&pages.url("/strict")).await;
    let refused = browser.errors().await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("Content Security Policy"), "{refused:?}");
    browser.forget_errors().await;
    browser.goto(&pages.url("/broken")).await;
    let thrown = browser.errors().await;
    assert!(thrown.iter().any(|error| error.contains("nothing is not defined")), "{thrown:?}");
}
