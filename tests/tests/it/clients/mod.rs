//! The programs of docs/clients.md, as they stand there, with the packages as they are published.
//!
//! [`blocks`] reads them from the page and runs them, [`interference`] is what comes between them and the system.

mod blocks;
mod interference;

use blocks::{Block, Run};
use interference::{Interference, Relay};
use journeys::people::{Key, RETAIL_MEDIA};
use journeys::system::{System, shared};
use stage::Addresses;

/// The one that needs `key_issuer.null_refresh_token`.
const SDK: &str = "criteo-api-retailmedia-sdk";
/// Those that take no `refresh_token` that is null.
const STRICT: [&str; 2] = ["oauth4webapi", "openid-client"];
/// Those that wait by themselves when they are put off.
const PATIENT: [&str; 3] = ["authlib", "curl", "requests-oauthlib"];
/// All programs, so that none is passed over in silence.
const ALL: [&str; 7] =
    ["authlib", SDK, "curl", "oauth2", "oauth4webapi", "openid-client", "requests-oauthlib"];

/// The key of an app that one account has consented to.
async fn key_with_account(system: &System) -> Key {
    let operator = system.operator();
    let organization = operator.organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let account = operator.account(RETAIL_MEDIA, &["admin"]).await;
    let link = developer.link(&app).await;
    account.admin().approve(&link, &[&account.id]).await.expect(200);
    developer.key(&app).await
}

/// What a program prints that got a token and called with it.
fn expected(block: &Block) -> &'static str {
    // The SDK does not tell the scope.
    if block.name == SDK { "Corner Shop\n" } else { "RetailMedia_Analytics_Read\nCorner Shop\n" }
}

/// A system with the switch for SDKs, for such as need it.
async fn with_null_refresh_token() -> System {
    System::configured("[key_issuer]\nnull_refresh_token = true\n").await
}

async fn relay(system: &System, interference: Interference) -> Relay {
    let Addresses::One(address) = system.addresses() else { panic!("one process") };
    Relay::before(&address, interference).await
}

/// Every program on a system that suits it, with this in between.
async fn each_succeeds_in_spite_of(interference: Interference, tokens: usize, calls: usize) {
    let switched = with_null_refresh_token().await;
    let plain = shared().await;
    let (of_switched, of_plain) =
        (key_with_account(&switched).await, key_with_account(plain).await);
    for block in blocks::all() {
        let needs_switch = block.name == SDK;
        let (system, key) =
            if needs_switch { (&switched, &of_switched) } else { (plain, &of_plain) };
        let relay = relay(system, interference).await;
        let run = block.run(relay.address(), key).await;
        assert_eq!(run.stdout, expected(&block), "{}: {run:?}", block.name);
        assert!(run.succeeded, "{}: {run:?}", block.name);
        assert_eq!((relay.tokens(), relay.calls()), (tokens, calls), "{}", block.name);
    }
    switched.stop().await;
}

#[test]
fn every_program_of_the_page_is_known_here() {
    let mut names: Vec<String> = blocks::all().into_iter().map(|block| block.name).collect();
    names.sort();
    assert_eq!(names, ALL);
}

#[test]
fn the_program_in_rust_is_the_one_that_is_built() {
    let built = include_str!("../../../src/bin/oauth2-app.rs");
    let blocks = blocks::all();
    let block = blocks.iter().find(|block| block.name == "oauth2").unwrap();
    assert_eq!(block.text, built, "put the page's block into tests/src/bin/oauth2-app.rs");
}

#[tokio::test]
async fn every_program_gets_a_token_and_calls_with_it() {
    each_succeeds_in_spite_of(Interference::None, 1, 1).await;
}

#[tokio::test]
async fn every_program_gets_another_token_when_the_one_it_has_is_over() {
    each_succeeds_in_spite_of(Interference::TokenIsOver, 2, 2).await;
}

#[tokio::test]
async fn the_programs_that_wait_by_themselves_come_back_after_being_put_off() {
    let system = shared().await;
    let key = key_with_account(system).await;
    for block in blocks::all().iter().filter(|block| PATIENT.contains(&block.name.as_str())) {
        let relay = relay(system, Interference::PutOff).await;
        let run = block.run(relay.address(), &key).await;
        assert_eq!(run.stdout, expected(block), "{}: {run:?}", block.name);
        assert_eq!((relay.tokens(), relay.calls()), (2, 1), "{}", block.name);
    }
}

#[tokio::test]
async fn every_program_says_that_its_key_is_refused_and_does_not_try_on() {
    let system = shared().await;
    let key = key_with_account(system).await;
    let wrong = Key { client_secret: format!("mandate_cs_{}", "A".repeat(43)), ..key };
    for block in blocks::all() {
        let relay = relay(system, Interference::None).await;
        let run = block.run(relay.address(), &wrong).await;
        assert!(!run.succeeded && run.stdout.is_empty(), "{}: {run:?}", block.name);
        assert!(run.stderr.contains("invalid_client"), "{}: {run:?}", block.name);
        assert_eq!((relay.tokens(), relay.calls()), (1, 0), "{}", block.name);
    }
}

#[tokio::test]
async fn the_switch_for_sdks_breaks_exactly_the_clients_that_the_page_names() {
    let (switched, plain) = (with_null_refresh_token().await, shared().await);
    for (system, fail) in [(&switched, &STRICT[..]), (plain, &[SDK][..])] {
        let key = key_with_account(system).await;
        for block in blocks::all() {
            let relay = relay(system, Interference::None).await;
            let run: Run = block.run(relay.address(), &key).await;
            let fails = fail.contains(&block.name.as_str());
            assert_eq!(run.succeeded, !fails, "{}: {run:?}", block.name);
            assert_eq!(run.stderr.contains("refresh_token"), fails, "{}: {run:?}", block.name);
        }
    }
    switched.stop().await;
}
