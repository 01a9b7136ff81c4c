//! What is checked of every page by machine, on the product's own pages: on a laptop in light, on a
//! phone in dark.

use browser::{Browser, ColorScheme, Options, Viewport};
use journeys::system;

use crate::product::{open, signed_in, visit};

/// Bytes of a page with all that it needs. Debug builds compress nothing, so this is more than the
/// weight of a first visit may be.
const WEIGHT: u64 = 160_000;

/// Pages that a developer without apps has.
const PATHS: [&str; 4] = ["/apps", "/apps/new", "/organizations/new", "/sessions"];

fn looks() -> [Options; 2] {
    let usual = Options::default();
    let phone = Viewport::PHONE;
    [usual, Options { viewport: phone, color_scheme: ColorScheme::Dark, ..usual }]
}

async fn assert_in_order(browser: &Browser, path: &str) {
    visit(browser, path).await;
    let faults = browser.faults(WEIGHT).await;
    assert!(faults.is_empty(), "{path}:\n{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_who_has_not_signed_in_have_no_fault() {
    for look in looks() {
        assert_in_order(&open(look).await, "/sign-in").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_a_developer_have_no_fault() {
    let organization = system::shared().await.operator().organization().await;
    for look in looks() {
        let browser = signed_in(&organization.developer, look).await;
        for path in PATHS {
            assert_in_order(&browser, path).await;
        }
    }
}
