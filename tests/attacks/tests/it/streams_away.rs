//! Streams that were lost while nobody is there who may make them: nothing pretends to work.

use std::collections::BTreeMap;

use contract::Service;
use journeys::system::{Servers, ready};
use nix::sys::signal::Signal;
use stage::{Addresses, Client, eventually};

#[tokio::test]
async fn without_the_notifier_lost_streams_stay_away_and_everybody_says_so() {
    let mut servers = Servers::separate_logins("").await;
    let mut others = BTreeMap::new();
    for service in Service::ALL.into_iter().filter(|service| *service != Service::Notifier) {
        others.insert(service, servers.serve_with_admin(&[service]).await);
    }
    let (mut notifier, address) = servers.serve(&[Service::Notifier]).await;
    for address in others.values().map(|(_, address, _)| address).chain([&address]) {
        ready(address).await;
    }

    notifier.signal(Signal::SIGTERM).await;
    assert!(notifier.ended().await.success());
    servers.nats.wipe().await.unwrap();
    for (service, (_, _, admin)) in &others {
        let client = Client::anonymous(Addresses::One(admin.clone()));
        eventually(&format!("{service} says that the streams are away"), async || {
            let answer = client.get("/readyz").await;
            let says_so = |destination| {
                let relay = &answer.json["checks"][format!("{service}/relay/{destination}")];
                relay["reason"].as_str().unwrap_or_default().contains("stream not found")
            };
            if answer.status == 503 && says_so("audit") && says_so("events") {
                Ok(())
            } else {
                Err(answer.text())
            }
        })
        .await;
    }

    let (_notifier, address) = servers.serve(&[Service::Notifier]).await;
    for address in others.values().map(|(_, address, _)| address).chain([&address]) {
        ready(address).await;
    }
}
