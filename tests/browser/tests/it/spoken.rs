//! What a screen reader is told of the pages on which most depends, as snapshots of their accessibility tree.

use browser::{Browser, Options};

use crate::gallery::Gallery;

/// Page and case.
const TOLD: [&str; 6] = [
    "sign_in/typical",
    "my_apps/typical",
    "wizard_domains/typical",
    "keys_create/made",
    "request/typical",
    "request/review",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_on_which_most_depends_are_told_in_order() {
    let gallery = Gallery::serve().await;
    let browser = Browser::start(Options::default()).await;
    for sample in TOLD {
        gallery.visit(&browser, &format!("/gallery/{sample}")).await;
        let tree = browser.accessibility_tree().await;
        insta::assert_snapshot!(sample.replace('/', "_"), tree);
    }
}
