//! Whoever has a service's login can send audit, in its name, what it never recorded. It has the service's word,
//! so it is recorded; but the service does not know it, and everybody hears of that.

use contract::Service;
use contract::envelope::{Commitments, EventHeader};
use contract::facts::{SignInAccepted, SignInMethod};
use contract::{Envelope, Environment, Provenance, SignInId, Version};
use eventstore::audit_message::{self, EventWithParts};
use journeys::system::System;
use local_servers::testing::NATS_USER;
use sqlx::PgPool;
use stage::eventually;

#[tokio::test]
async fn what_a_service_never_recorded_is_not_in_the_log_without_an_alarm() {
    let system = System::configured("[audit]\nreconcile_seconds = 1").await;
    let sql = PgPool::connect(&system.servers.database.url).await.unwrap();
    let nats = stage::nats_client(std::slice::from_ref(&system.servers.nats), NATS_USER).await;
    let env = Environment::system();
    let sign_in_id: SignInId = env.new_id();
    let fact = SignInAccepted {
        sign_in_id,
        person_id: env.new_id(),
        method: SignInMethod::Password,
        identity_provider_id: None,
    };
    let header = EventHeader {
        id: env.new_id(),
        stream: sign_in_id.uuid(),
        version: Version::FIRST,
        time: env.now(),
        source: Service::Directory,
    };
    let provenance = Provenance::system(Service::Directory, None, env.new_id());
    let forged = Envelope::of(&header, &provenance, Commitments::default(), &fact).unwrap();
    let event = forged.canonical().unwrap().into();
    let message = audit_message::write([&EventWithParts { event, context: None, details: None }]);
    let stored = nats.request(audit_message::subject(Service::Directory), message.into()).await;
    stored.unwrap();

    eventually("it is known to be nobody's", async || {
        let answer = system.admin().get("/readyz").await;
        let check = &answer.json["checks"]["audit/conflicts"];
        if answer.status == 503 && check["ok"] == false { Ok(()) } else { Err(answer.text()) }
    })
    .await;
    let kept: Vec<u8> = sqlx::query_scalar(
        "SELECT payload FROM audit.conflicts WHERE kind = 'unknown_to_producer' AND event_id = $1",
    )
    .bind(forged.id.uuid())
    .fetch_one(&sql)
    .await
    .unwrap();
    assert_eq!(kept, forged.canonical().unwrap());
    // What was recorded by right is nobody's conflict.
    system.operator().organization().await;
    let size = "SELECT size FROM audit.head";
    let confirmed = "SELECT min(position) FROM audit.confirmed";
    eventually("all that is recorded was asked about", async || {
        let size: i64 = sqlx::query_scalar(size).fetch_one(&sql).await.unwrap();
        let confirmed: i64 = sqlx::query_scalar(confirmed).fetch_one(&sql).await.unwrap();
        size > 5 && confirmed == size
    })
    .await;
    let conflicts: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit.conflicts").fetch_one(&sql).await.unwrap();
    assert_eq!(conflicts, 1);
    system.stop().await;
}
