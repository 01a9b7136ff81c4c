//! The product as its users meet it: the system that all tests share, at its public address.

use browser::{Browser, Options};
use journeys::people::{PASSWORD, Person};
use journeys::system::{self, BASE_URL, System};
use stage::Addresses;

/// A browser at the sign-in page, in which nobody has signed in.
pub(crate) async fn open(options: Options) -> Browser {
    let browser = open_at("/sign-in", options).await;
    browser.heading("Sign in").await;
    browser
}

/// A browser at this path, in which nobody has signed in.
pub(crate) async fn open_at(path: &str, options: Options) -> Browser {
    open_of(system::shared().await, path, options).await
}

/// The same of a system of one's own.
pub(crate) async fn open_of(system: &System, path: &str, options: Options) -> Browser {
    let Addresses::One(address) = system.addresses() else { panic!("the system is one process") };
    let host = BASE_URL.trim_start_matches("http://");
    let browser = Browser::start_for(options, host, address.trim_start_matches("http://")).await;
    visit(&browser, path).await;
    browser
}

/// Opens a path of the product.
pub(crate) async fn visit(browser: &Browser, path: &str) {
    browser.goto(&format!("{BASE_URL}{path}")).await;
}

/// Fills the sign-in form and sends it.
pub(crate) async fn try_to_sign_in(browser: &Browser, email: &str, password: &str) {
    browser.fill("Email", email).await;
    browser.fill("Password", password).await;
    browser.click_button("Sign in").await;
}

/// A browser in which this person has signed in, at this path.
pub(crate) async fn signed_in_at(person: &Person, path: &str, options: Options) -> Browser {
    let browser = open(options).await;
    visit(&browser, path).await;
    browser.heading("Sign in").await;
    try_to_sign_in(&browser, &person.email, PASSWORD).await;
    browser
}

/// A browser in which this person has signed in, at their apps.
pub(crate) async fn signed_in(person: &Person, options: Options) -> Browser {
    let browser = open(options).await;
    try_to_sign_in(&browser, &person.email, PASSWORD).await;
    browser.heading("My apps").await;
    browser
}
