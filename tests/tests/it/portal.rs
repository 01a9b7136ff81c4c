//! The portal without a browser: what it hands on of its callers, and what of them its log tells.

use journeys::people::PASSWORD;
use journeys::program::{self, Process};
use journeys::{events, system::System};
use stage::{Addresses, Client};

/// Signs in by the form, as a browser at this address does: the session's cookie.
async fn signed_in(anyone: &Client, address: &str, email: &str) -> String {
    let form = anyone
        .request(stage::Method::POST, "/sign-in")
        .header("x-forwarded-for", address)
        .header("user-agent", &format!("Browser at {address}"))
        .form(&[("email", email), ("password", PASSWORD), ("then", "/")]);
    let answer = form.send().await.expect(303);
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    assert!(cookie.contains("mandate_session=mandate_ses_"), "{cookie}");
    cookie.to_owned()
}

#[tokio::test]
async fn two_browsers_are_two_addresses_in_the_log_and_nothing_of_them_is_in_ours() {
    let settings = "[log]\nfilter = \"debug\"\n[http]\ntrusted_proxies = [\"127.0.0.1/32\"]\n";
    let system = System::configured(settings).await;
    let operator = system.operator();
    let organization = operator.organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, "retail_media").await;
    let link = developer.link(&app).await;
    let anyone = system.anonymous();
    // As proxies write them.
    let written = ["203.0.113.7:4711", "[2001:db8::9]:4711"];
    for address in written {
        let cookie = signed_in(&anyone, address, &developer.email).await;
        for path in [format!("/consent/{}", link.token), "/apps".to_owned()] {
            let read = anyone.request(stage::Method::GET, &path).header("cookie", &cookie);
            read.header("x-forwarded-for", address).send().await.expect(200);
        }
    }
    // By the portal each is where its browser is, with the device that that is.
    let query = format!("type=mandate.sign-in.accepted.v1&actor={}", developer.actor());
    let accepted =
        events::found(&operator, &query, &["sign-in.accepted", "sign-in.accepted"]).await;
    let context = |name: &str| -> Vec<String> {
        let of = |event: &events::Event| {
            event.context.as_ref().unwrap()[name].as_str().unwrap().to_owned()
        };
        accepted.iter().skip(1).map(of).collect()
    };
    assert_eq!(context("address"), ["203.0.113.7", "2001:db8::9"]);
    assert_eq!(context("user_agent"), written.map(|address| format!("Browser at {address}")));

    // However much is logged: routes, no paths with secrets in them, no cookies, no names.
    let said = system.said();
    assert!(said.contains("DEBUG") && said.contains("/consent/{token}"), "{said}");
    for secret in [link.token.as_str(), "mandate_ses_", &developer.email, &developer.name] {
        assert!(!said.contains(secret), "{secret} is in the log");
    }
    system.stop().await;
}

#[tokio::test]
async fn alone_it_serves_the_same_pages_before_an_api_elsewhere() {
    let system = journeys::system::shared().await;
    let Addresses::One(api) = system.addresses() else {
        panic!("the shared system is one process")
    };
    let developer = &system.operator().organization().await.developer;
    let arguments = ["serve", "portal", "--listen", "127.0.0.1:0"];
    let mut process = Process::start(&arguments, &[("MANDATE_PORTAL__API_URL", api.as_str())]);
    let address = process.line("portal at ").await;
    let anyone = Client::anonymous(Addresses::One(address));
    anyone.get("/readyz").await.expect(200);
    let cookie = signed_in(&anyone, "127.0.0.1", &developer.email).await;
    let apps = anyone.request(stage::Method::GET, "/apps").header("cookie", &cookie);
    assert!(apps.send().await.expect(200).text().contains("<h1>My apps"));
}

#[test]
fn alone_it_refuses_to_start_without_an_api_or_beside_a_part_of_it() {
    let without = program::run(&["serve", "portal"]).failed();
    assert!(without.contains("`portal.api_url` is not set"), "{without}");
    let beside = program::run(&["serve", "portal", "audit"]).failed();
    assert!(beside.contains("`portal` is served alone"), "{beside}");
}
