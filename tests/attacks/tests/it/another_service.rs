//! One service's login to NATS is not another's, where services run apart: as `app-registry` nobody signs in and
//! nobody reads contexts, as `consent-broker` no suspended app is resumed.
//!
//! In one account each of these is done by having JetStream say what the attacker put into `EVENTS` under a
//! subject of its own: the server answers with its own rights, at whatever subject it was asked to.

use async_nats::Client;
use contract::envelope::{Commitments, EventHeader};
use contract::facts::{AppResumed, SignInAccepted, SignInMethod};
use contract::{Envelope, Environment, Fact, Provenance, Service, Version};
use eventstore::audit_message::{self, EventWithParts};
use eventstore::transport::{AUDIT, EVENTS, IMPORTED_API};
use futures::{FutureExt, StreamExt};
use journeys::people::{Key, RETAIL_MEDIA};
use journeys::system::{Servers, System};
use serde_json::{Value, json};
use sqlx::PgPool;
use stage::{Method, eventually};
use uuid::Uuid;

/// What JetStream's requests begin with: in the streams' account, and imported.
const PREFIXES: [&str; 2] = ["$JS.API", IMPORTED_API];

/// Stands for personal data: a context has it.
const USER_AGENT: &str = "The Victim's Browser/1.0";

const PASSWORD: &str = "correct horse battery staple";

/// A service's login in wrong hands.
struct Attacker {
    client: Client,
    /// Where it may publish.
    own: String,
}

impl Attacker {
    async fn with_login_of(servers: &Servers, service: Service) -> Self {
        let (login, nats) = (service.name(), &servers.nats);
        let password = nats.password_of(login).unwrap().to_owned();
        let client = async_nats::ConnectOptions::with_user_and_password(login.to_owned(), password)
            .custom_inbox_prefix(format!("_INBOX.{login}"))
            .connect(nats.url())
            .await
            .unwrap();
        let aggregate = service.aggregates()[0];
        Self { client, own: format!("mandate.events.platform.{aggregate}.forged.attack") }
    }

    /// Says it there itself, and has JetStream say it there in every way that there is.
    async fn say(&self, what: &[u8], at: &str) {
        let publish = self.client.publish(at.to_owned(), what.to_vec().into());
        publish.await.unwrap();
        let kept = self.client.request(self.own.clone(), what.to_vec().into()).await.unwrap();
        let kept: Value = serde_json::from_slice(&kept.payload).unwrap();
        let stored = json!({ "seq": kept["seq"] });
        let consumer = |config: Value| {
            let mut config = config;
            config["filter_subject"] = json!(self.own);
            config["deliver_policy"] = json!("last");
            json!({ "stream_name": EVENTS, "config": config })
        };
        let push = json!({ "name": "push", "ack_policy": "none", "deliver_subject": at });
        let pull = json!({ "name": "pull", "durable_name": "pull", "ack_policy": "explicit" });
        for prefix in PREFIXES {
            let inbox = self.client.new_inbox();
            for (call, payload, answer) in [
                (format!("STREAM.MSG.GET.{EVENTS}"), stored.clone(), at),
                (format!("DIRECT.GET.{EVENTS}"), stored.clone(), at),
                (format!("CONSUMER.CREATE.{EVENTS}.push"), consumer(push.clone()), &*inbox),
                (format!("CONSUMER.DURABLE.CREATE.{EVENTS}.pull"), consumer(pull.clone()), &*inbox),
                (format!("CONSUMER.MSG.NEXT.{EVENTS}.pull"), json!({ "batch": 1 }), at),
            ] {
                let subject = format!("{prefix}.{call}");
                let asked = self.client.publish_with_reply(
                    subject,
                    answer.to_owned(),
                    payload.to_string().into(),
                );
                asked.await.unwrap();
            }
        }
        self.client.flush().await.unwrap();
    }

    /// The configuration of a stream, as far as it may be asked for.
    async fn configuration(&self, stream: &str) -> Value {
        for prefix in PREFIXES {
            let subject = format!("{prefix}.STREAM.INFO.{stream}");
            if let Ok(answer) = self.client.request(subject, "".into()).await {
                let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
                if answer["config"].is_object() {
                    return answer["config"].clone();
                }
            }
        }
        panic!("nobody told of {stream}");
    }
}

/// Services that run apart.
struct Apart {
    system: System,
    sql: PgPool,
    env: Environment,
}

impl Apart {
    async fn start() -> Self {
        let system = System::apart(Servers::separate_logins("").await).await;
        let sql = PgPool::connect(&system.servers.database.url).await.unwrap();
        Self { system, sql, env: Environment::system() }
    }

    /// What a service would have recorded.
    fn forge<F: Fact>(
        &self,
        source: Service,
        (stream, version): (Uuid, i64),
        provenance: &Provenance,
        fact: &F,
    ) -> Envelope {
        let header = EventHeader {
            id: self.env.new_id(),
            stream,
            version: Version::new(version).unwrap(),
            time: self.env.now(),
            source,
        };
        Envelope::of(&header, provenance, Commitments::default(), fact).unwrap()
    }

    /// Somebody signs in, and it is in the log: what was sent to audit before is too, if it ever will be.
    async fn somebody_signs_in(&self) {
        let email = format!("{}@people.example", self.env.new_id::<contract::PersonId>());
        let new = json!({ "email": email, "name": "Somebody", "password": PASSWORD });
        let id = self.system.operator().post("/v1/people", new).await.expect(201).field("id");
        let signing_in = self.system.anonymous().with_password(&email, PASSWORD);
        let request = signing_in.request(Method::POST, "/v1/api-tokens");
        let request = request.header("user-agent", USER_AGENT).json(json!({ "name": "attacks" }));
        request.send().await.expect(201);
        let person: Uuid = id.parse().unwrap();
        eventually("the sign-in is in the log", async || {
            let count = "SELECT count(*) FROM audit.entries WHERE person_id = $1 AND type LIKE 'mandate.sign-in.%'";
            let count: i64 =
                sqlx::query_scalar(count).bind(person).fetch_one(&self.sql).await.unwrap();
            count == 1
        })
        .await;
    }
}

#[tokio::test]
async fn as_another_service_nobody_signs_in_or_reads_contexts_or_resumes_an_app() {
    let apart = Apart::start().await;
    nobody_signs_in(&apart).await;
    nobody_has_contexts_said_again(&apart).await;
    nobody_resumes_an_app(&apart).await;
    apart.system.stop().await;
}

async fn nobody_signs_in(apart: &Apart) {
    let attacker = Attacker::with_login_of(&apart.system.servers, Service::AppRegistry).await;
    let sign_in_id: contract::SignInId = apart.env.new_id();
    let person_id = apart.env.new_id();
    let fact = SignInAccepted {
        sign_in_id,
        person_id,
        method: SignInMethod::Password,
        identity_provider_id: None,
    };
    let provenance = Provenance::system(Service::Directory, None, apart.env.new_id());
    let forged = apart.forge(Service::Directory, (sign_in_id.uuid(), 1), &provenance, &fact);
    let event = forged.canonical().unwrap().into();
    let message = audit_message::write([&EventWithParts { event, context: None, details: None }]);
    attacker.say(&message, &audit_message::subject(Service::Directory)).await;
    apart.somebody_signs_in().await;
    let recorded: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit.entries WHERE event_id = $1")
            .bind(forged.id.uuid())
            .fetch_one(&apart.sql)
            .await
            .unwrap();
    assert_eq!(recorded, 0, "a sign-in that never was is in the log");
}

async fn nobody_has_contexts_said_again(apart: &Apart) {
    let attacker = Attacker::with_login_of(&apart.system.servers, Service::AppRegistry).await;
    let spying = attacker.client.new_inbox();
    let mut heard = attacker.client.subscribe("_INBOX.app-registry.>").await.unwrap();
    let mut republishing = attacker.configuration(AUDIT).await;
    republishing["republish"] = json!({ "src": ">", "dest": format!("{spying}.>") });
    let republishing = republishing.to_string();
    let consumer = json!({ "stream_name": AUDIT,
        "config": { "name": "spy", "ack_policy": "none", "deliver_subject": spying } });
    for prefix in PREFIXES {
        for (call, payload) in [
            ("STREAM.UPDATE.AUDIT", &republishing),
            ("STREAM.CREATE.AUDIT", &republishing),
            ("CONSUMER.CREATE.AUDIT.spy", &consumer.to_string()),
        ] {
            let subject = format!("{prefix}.{call}");
            attacker.client.publish(subject, payload.clone().into()).await.unwrap();
        }
    }
    // What the attacker may not ask for, JetStream may, of itself.
    attacker.say(republishing.as_bytes(), "$JS.API.STREAM.UPDATE.AUDIT").await;
    apart.somebody_signs_in().await;
    attacker.client.flush().await.unwrap();
    while let Some(Some(message)) = heard.next().now_or_never() {
        let text = String::from_utf8_lossy(&message.payload);
        assert!(!text.contains(USER_AGENT), "a context was said again");
    }
}

async fn nobody_resumes_an_app(apart: &Apart) {
    let operator = apart.system.operator();
    let anyone = apart.system.anonymous();
    let organization = operator.organization().await;
    let developer = &organization.developer;
    let app = developer.active_app(&organization, RETAIL_MEDIA).await;
    let key = developer.key(&app).await;
    key.ask(&anyone).await.expect(200);
    let path = format!("/v1/apps/{}", app.id);
    let suspended = operator.act(&format!("{path}/suspend")).await.expect(200).json;
    let refused = async |key: &Key| key.ask(&anyone).await.status != 200;
    eventually("the key issuer knows that it is suspended", async || refused(&key).await).await;

    let attacker = Attacker::with_login_of(&apart.system.servers, Service::ConsentBroker).await;
    let app_id: contract::AppId = app.id.parse().unwrap();
    let provenance = Provenance::system(
        Service::AppRegistry,
        Some(organization.id.parse().unwrap()),
        apart.env.new_id(),
    );
    let next = suspended["version"].as_i64().unwrap() + 1;
    let place = (app_id.uuid(), next);
    let forged = apart.forge(Service::AppRegistry, place, &provenance, &AppResumed { app_id });
    attacker.say(&forged.canonical().unwrap(), &forged.nats_subject()).await;

    // What the key issuer was told before, it knows once it knows this.
    let other = developer.active_app(&organization, RETAIL_MEDIA).await;
    let other = developer.key(&other).await;
    eventually("the key issuer knows another app", async || !refused(&other).await).await;
    assert!(refused(&key).await, "a suspended app gets tokens");
}
