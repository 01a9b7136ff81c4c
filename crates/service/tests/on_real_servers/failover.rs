//! A database that takes no changes: after a failover, or without room.

use contract::Environment;
use contract::secret::ApiToken;
use futures::future::{join_all, try_join_all};
use service::Resources;
use sqlx::{AssertSqlSafe, Executor};
use stage::eventually;
use tokio::sync::Mutex;

use crate::creating::Bench;

/// What was noticed of a database is the process' knowledge: these tests take turns.
pub(crate) static TURN: Mutex<()> = Mutex::const_new(());

/// Why the check of the database fails, if it does.
async fn unready(resources: &Resources) -> Option<String> {
    resources.health.readiness().await.checks["app-registry/postgres"].reason.clone()
}

/// Leaves the connections that the pool has on a server that only reads.
async fn strand(resources: &Resources) {
    let connections = try_join_all((0..4).map(|_| resources.pool.acquire())).await.unwrap();
    for mut connection in connections {
        connection.execute("SET default_transaction_read_only = on").await.unwrap();
    }
    eventually("they are in the pool again", async || {
        resources.pool.num_idle() == usize::try_from(resources.pool.size()).unwrap()
    })
    .await;
}

#[tokio::test]
async fn connections_that_stay_on_a_read_only_server_are_not_used_again() {
    let _turn = TURN.lock().await;
    let bench = Bench::new().await;
    let token = ApiToken::generate(&Environment::system());
    assert_eq!(bench.create(&token, None, "before").await.status, 201);
    strand(&bench.resources).await;
    // As many at a time as there are connections, so that those are tried.
    for answer in join_all((0..8).map(|_| bench.create(&token, None, "meanwhile"))).await {
        if answer.status != 201 {
            answer.problem(503, "unavailable");
        }
    }
    eventually("changes are made on a new connection", async || {
        let answer = bench.create(&token, None, "a").await;
        if answer.status == 201 {
            return true;
        }
        answer.problem(503, "unavailable");
        false
    })
    .await;
    for answer in join_all((0..8).map(|_| bench.create(&token, None, "after"))).await {
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_server_that_takes_no_changes_is_told_and_left_when_there_is_another() {
    let _turn = TURN.lock().await;
    let bench = Bench::new().await;
    let token = ApiToken::generate(&Environment::system());
    assert_eq!(bench.create(&token, None, "before").await.status, 201);
    let owner = bench.servers.superuser().await;
    let name: String =
        sqlx::query_scalar("SELECT current_database()").fetch_one(&owner).await.unwrap();
    let alter = async |what: &str| {
        let statement = format!("ALTER DATABASE {name} {what}");
        owner.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.unwrap();
    };
    alter("SET default_transaction_read_only = on").await;
    strand(&bench.resources).await;
    eventually("it is told", async || {
        unready(&bench.resources).await.is_some_and(|reason| reason.contains("read-only"))
    })
    .await;
    for _ in 0..3 {
        bench.create(&token, None, "a").await.problem(503, "unavailable");
    }
    // Reading goes on.
    let read: i64 = sqlx::query_scalar("SELECT count(*) FROM events")
        .fetch_one(&bench.resources.pool)
        .await
        .unwrap();
    assert_eq!(read, 1);

    // The address leads to a server that takes changes again; connections stay where they are.
    let stranded = try_join_all((0..4).map(|_| bench.resources.pool.acquire())).await.unwrap();
    alter("RESET default_transaction_read_only").await;
    drop(stranded);
    eventually("changes are made", async || {
        bench.create(&token, None, "after").await.status == 201
    })
    .await;
    eventually("it is ready", async || unready(&bench.resources).await.is_none()).await;
}

#[tokio::test]
async fn a_database_without_room_is_no_mistake_of_ours_and_is_told() {
    let _turn = TURN.lock().await;
    let bench = Bench::new().await;
    let token = ApiToken::generate(&Environment::system());
    let owner = bench.servers.superuser().await;
    owner
        .execute(sqlx::raw_sql(
            "CREATE FUNCTION app_registry.full() RETURNS trigger LANGUAGE plpgsql AS
                 $$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END$$;
             CREATE TRIGGER full_disk BEFORE INSERT ON app_registry.events
                 FOR EACH ROW EXECUTE FUNCTION app_registry.full()",
        ))
        .await
        .unwrap();
    bench.create(&token, None, "a").await.problem(503, "unavailable");
    let reason = unready(&bench.resources).await.unwrap();
    assert!(reason.contains("could not extend file"), "{reason}");

    owner.execute("DROP TRIGGER full_disk ON app_registry.events").await.unwrap();
    assert_eq!(bench.create(&token, None, "a").await.status, 201);
    eventually("it is ready", async || unready(&bench.resources).await.is_none()).await;
}
