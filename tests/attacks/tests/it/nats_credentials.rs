//! The same accounts by JWTs: services log in with files of credentials, what they need is there, and what is
//! another's is not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use async_nats::ConnectOptions;
use contract::Service;
use eventstore::audit_message;
use journeys::people::{Operator, RETAIL_MEDIA};
use journeys::program::{self, Process};
use journeys::system::ready;
use local_servers::{Nats, NatsOptions, testing};
use mandate::nats_accounts;
use nix::sys::signal::Signal;
use stage::{Addresses, Client, eventually};

use crate::jwts::Jwts;

#[tokio::test]
async fn with_jwts_the_accounts_are_the_same() {
    let options = nats_accounts::separate(NatsOptions::throwaway(Vec::new()).unwrap());
    let Jwts { configuration, credentials } = Jwts::of(&options);
    let mut server = NatsOptions::throwaway(Vec::new()).unwrap();
    server.extra_config = Some(configuration);
    let nats = Nats::start(server).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files: BTreeMap<String, String> = credentials
        .into_iter()
        .map(|(user, text)| {
            let file = folder.path().join(format!("{user}.creds"));
            std::fs::write(&file, text).unwrap();
            (user, file.to_str().unwrap().to_owned())
        })
        .collect();
    let database = testing::postgres().await.database_from(None).await;
    let mut settings = format!(
        "public_base_url = \"http://mandate.example.com\"\n[database]\nurl = \"{}\"\n[nats]\nurl = \"{nats}\"\n\
         separate_accounts = true\nadmin_url = \"{nats}\"\nadmin_credentials_file = \"{}\"\n",
        database.url,
        files[nats_accounts::ADMIN],
        nats = nats.url(),
    );
    for service in Service::ALL {
        let file = &files[service.name()];
        writeln!(settings, "[logins.{service}]\nnats_credentials_file = \"{file}\"").unwrap();
    }
    let file = folder.path().join("mandate.toml");
    std::fs::write(&file, settings).unwrap();
    let file = file.to_str().unwrap();

    program::run(&["migrate", "--config", file]).succeeded();
    let mut serve = vec!["serve", "--config", file, "--listen", "127.0.0.1:0"];
    serve.extend(Service::ALL.map(Service::name));
    let key = ("MANDATE_KEY_ISSUER__MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let mut process = Process::start(&serve, &[key]);
    let address = process.line("directory, app-registry").await;
    let (_, address) = address.rsplit_once(" at ").unwrap();
    ready(address).await;

    let mut add = vec!["operators", "add", "--config", file];
    add.extend(["--email", "operator@example.com", "--name", "Operator"]);
    let token = program::run(&add).succeeded();
    let anyone = Client::anonymous(Addresses::One(address.to_owned()));
    let operator = Operator::new(anyone.with_token(token.trim()));
    let organization = operator.organization().await;
    let app = organization.developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = organization.developer.key(&app).await;
    key.ask(&anyone).await.expect(200);
    operator.act(&format!("/v1/apps/{}/suspend", app.id)).await.expect(200);
    eventually("the key issuer hears of it", async || key.ask(&anyone).await.status == 401).await;
    let logged = format!("/v1/events?app_id={}&type=mandate.token.issued.v1", app.id);
    eventually("audit hears of the token", async || {
        let page = operator.get(&logged).await.expect(200).json;
        // Some more may have been issued before the key issuer heard.
        !page["items"].as_array().unwrap().is_empty()
    })
    .await;

    let registry = ConnectOptions::new()
        .credentials_file(&files[Service::AppRegistry.name()])
        .await
        .unwrap()
        .connect(nats.url())
        .await
        .unwrap();
    for (subject, has) in [
        (audit_message::subject(Service::AppRegistry), true),
        (audit_message::subject(Service::Directory), false),
        ("js.STREAM.INFO.AUDIT".to_owned(), true),
        ("js.CONSUMER.MSG.NEXT.AUDIT.audit".to_owned(), false),
        ("js.STREAM.DELETE.AUDIT".to_owned(), false),
    ] {
        let answered = registry.request(subject.clone(), "".into()).await.is_ok();
        assert_eq!(answered, has, "{subject}");
    }
    process.signal(Signal::SIGTERM).await;
    assert!(process.ended().await.success());
}
