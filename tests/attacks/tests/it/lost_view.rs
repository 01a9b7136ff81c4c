//! The key issuer's database loses its last transactions: a failover to a standby that was behind, or a single
//! database that was restored. A suspended app must not get tokens for that.

use contract::Service;
use journeys::people::{App, Key, Operator, RETAIL_MEDIA};
use journeys::program::Process;
use journeys::system::{Servers, ready};
use nix::sys::signal::Signal;
use sqlx::{Executor, PgPool};
use stage::{Addresses, Client, eventually};

/// A system with an app that an operator has suspended.
struct Suspended {
    servers: Servers,
    process: Process,
    anyone: Client,
    database: PgPool,
    app: App,
    key: Key,
}

impl Suspended {
    async fn new() -> Self {
        let servers = Servers::migrated("").await;
        let (process, address) = servers.serve(&Service::ALL).await;
        let token = servers.add_operator();
        ready(&address).await;
        let anyone = Client::anonymous(Addresses::One(address));
        let operator = Operator::new(anyone.with_token(&token));
        let organization = operator.organization().await;
        let developer = &organization.developer;
        let app = developer.active_app(&organization, RETAIL_MEDIA).await;
        let key = developer.key(&app).await;
        assert_eq!(key.ask(&anyone).await.status, 200);
        operator.act(&format!("/v1/apps/{}/suspend", app.id)).await.expect(200);
        let database = PgPool::connect(&servers.database.url).await.unwrap();
        let suspended = Self { servers, process, anyone, database, app, key };
        suspended.is_refused().await;
        suspended
    }

    async fn is_refused(&self) {
        eventually("the app gets no token", async || {
            self.key.ask(&self.anyone).await.status == 401
        })
        .await;
    }

    async fn is_known(&self) -> bool {
        sqlx::query_scalar(
            "SELECT state = 'suspended' FROM key_issuer.apps WHERE app_id = $1::uuid",
        )
        .bind(&self.app.id)
        .fetch_one(&self.database)
        .await
        .unwrap()
    }

    /// Undoes what the key issuer knows of the suspension: the state, the position, and how far it was compared.
    async fn undo(&self, settled: &str) {
        let mut transaction = self.database.begin().await.unwrap();
        // Past the triggers, which let nothing go back.
        transaction.execute("SET LOCAL session_replication_role = replica").await.unwrap();
        for statement in [
            "UPDATE key_issuer.apps SET state = 'active', version = version - 1 WHERE app_id = $1::uuid",
            "UPDATE key_issuer.consumer_positions SET version = version - 1 WHERE stream_id = $1::uuid",
        ] {
            let undone = sqlx::query(statement).bind(&self.app.id);
            let undone = undone.execute(&mut *transaction).await.unwrap();
            assert_eq!(undone.rows_affected(), 1);
        }
        let settled =
            format!("UPDATE key_issuer.projection_comparisons SET settled_seq = {settled}");
        transaction.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(settled))).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_suspension_that_was_lost_is_known_again_within_seconds() {
    let suspended = Suspended::new().await;
    suspended.undo("0").await;
    eventually("it is known again", async || suspended.is_known().await).await;
    suspended.is_refused().await;
}

#[tokio::test]
async fn one_that_was_compared_before_it_was_lost_is_known_again_after_a_start() {
    let mut suspended = Suspended::new().await;
    suspended.process.signal(Signal::SIGTERM).await;
    assert!(suspended.process.ended().await.success());
    suspended.undo("(SELECT max(seq) FROM app_registry.events)").await;
    let (process, address) = suspended.servers.serve(&Service::ALL).await;
    suspended.process = process;
    suspended.anyone = suspended.anyone.at(Addresses::One(address));
    eventually("it is known again", async || suspended.is_known().await).await;
    suspended.is_refused().await;
}
