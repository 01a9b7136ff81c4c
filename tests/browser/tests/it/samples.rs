//! Every page in every case of the portal's gallery, judged by machine: on a laptop in light, on a phone in dark.

use browser::{Browser, ColorScheme, Options, Viewport};
use serde::Deserialize;
use stage::{Addresses, Client};
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct Sample {
    path: String,
}

/// What is wrong with any sample in this look.
async fn faults(look: Options) -> Vec<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, portal::gallery()).await });
    let client = Client::anonymous(Addresses::One(address.clone()));
    let samples: Vec<Sample> =
        serde_json::from_value(client.get("/gallery").await.expect(200).json).unwrap();
    assert!(samples.len() > 50, "the gallery has {} samples", samples.len());
    let browser = Browser::start(look).await;
    let mut faults = Vec::new();
    for Sample { path } in samples {
        browser.goto(&format!("{address}{path}")).await;
        // The console tells of the answer's status as of an error: many samples are refusals.
        let found = browser.faults_at_rest().await.into_iter();
        let found = found.filter(|fault| !fault.contains("responded with a status of"));
        faults.extend(found.map(|fault| format!("{path}: {fault}")));
    }
    serving.abort();
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sample_has_a_fault_on_a_laptop_in_light() {
    let found = faults(Options::default()).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sample_has_a_fault_on_a_phone_in_dark() {
    let look = Options {
        viewport: Viewport::PHONE,
        color_scheme: ColorScheme::Dark,
        ..Options::default()
    };
    let found = faults(look).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}
