//! Connections to the database that are lost without a word: what is sent still arrives, no answer ever does.

use std::future::pending;
use std::time::Duration;

use contract::secret::ApiToken;
use contract::{Environment, Service};
use eventstore::availability;
use service::settings::DatabaseSettings;
use sqlx::PgPool;
use stage::{Servers, eventually};
use tokio::io::copy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

use crate::creating::Bench;
use crate::failover::TURN;

/// A way to the database.
struct Way {
    url: String,
    forgotten: watch::Sender<()>,
    cut: watch::Sender<()>,
    listening: JoinHandle<()>,
}

impl Drop for Way {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Way {
    async fn to(database: &str) -> Self {
        let mut url: Url = database.parse().unwrap();
        let server = url.port().unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (forgotten, forgetting) = watch::channel(());
        let (cut, cutting) = watch::channel(());
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mut forgetting, mut cutting) = (forgetting.clone(), cutting.clone());
                // What happened before is not this one's.
                forgetting.mark_unchanged();
                cutting.mark_unchanged();
                tokio::spawn(carry(client, server, forgetting, cutting));
            }
        });
        Self { url: url.into(), forgotten, cut, listening }
    }

    /// From now on no answer comes on the connections that there are.
    fn forget(&self) {
        self.forgotten.send_replace(());
    }

    /// The connections that there are end.
    fn cut(&self) {
        self.cut.send_replace(());
    }
}

async fn carry(
    client: TcpStream,
    server: u16,
    mut forgotten: watch::Receiver<()>,
    mut cut: watch::Receiver<()>,
) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = copy(&mut from_client, &mut to_server);
    let back = async {
        tokio::select! {
            _ = copy(&mut from_server, &mut to_client) => {}
            _ = forgotten.changed() => pending().await,
        }
    };
    tokio::select! {
        _ = there => {}
        () = back => {}
        _ = cut.changed() => {}
    }
}

/// Uses two connections at once.
async fn use_two(pool: &PgPool) -> sqlx::Result<()> {
    let (mut one, mut other) = tokio::try_join!(pool.acquire(), pool.acquire())?;
    sqlx::query("SELECT 1").execute(&mut *one).await?;
    sqlx::query("SELECT 1").execute(&mut *other).await?;
    Ok(())
}

#[tokio::test]
async fn a_pool_gets_the_places_of_lost_connections_back() {
    let _turn = TURN.lock().await;
    let database = stage::database().await;
    let way = Way::to(&database.url).await;
    let url = way.url.as_str().into();
    let settings = DatabaseSettings { url, max_connections: 2, ..DatabaseSettings::default() };
    let pool = service::connect::database(Service::Directory, &settings).unwrap();
    use_two(&pool).await.unwrap();
    way.forget();
    let given_up = timeout(Duration::from_millis(50), use_two(&pool)).await;
    assert!(given_up.is_err(), "no answer comes");
    eventually("there are two again", async || use_two(&pool).await).await;
    pool.close().await;
}

#[tokio::test]
async fn one_connection_that_does_not_answer_tells_of_the_others() {
    let _turn = TURN.lock().await;
    let database = stage::database().await;
    let way = Way::to(&database.url).await;
    let settings = DatabaseSettings { url: way.url.as_str().into(), ..DatabaseSettings::default() };
    let pool = service::connect::database(Service::Directory, &settings).unwrap();
    let mut lost = pool.acquire().await.unwrap().detach();
    way.forget();
    availability::check(&mut lost).await.unwrap_err();
    assert!(!availability::is_trusted(Duration::from_mins(1)), "they are as old");
    let mut anew = pool.acquire().await.unwrap();
    availability::check(&mut anew).await.unwrap();
    drop(anew);
    pool.close().await;
}

/// A refusal whose recording was committed, but nobody was told.
#[tokio::test]
async fn what_was_recorded_without_an_answer_does_not_keep_the_next_from_being_recorded() {
    let _turn = TURN.lock().await;
    let servers = Servers::start().await;
    let way = Way::to(&servers.database.url).await;
    let bench = Bench::reaching(servers, &way.url).await;
    let token = ApiToken::generate(&Environment::system());
    bench.be_refused(&token).await.problem(403, "role-not-allowed");
    way.forget();
    let told = async {
        eventually("it is recorded", async || bench.events().await.len() == 2).await;
        way.cut();
    };
    tokio::join!(bench.be_refused(&token), told);
    bench.be_refused(&token).await.problem(403, "role-not-allowed");
    eventually("so is the next, once", async || bench.events().await.len() == 3).await;
    eventually("and all is well", async || {
        let checks = bench.resources.health.readiness().await.checks;
        checks.get("app-registry/tasks/refusals").is_none_or(|check| check.ok)
    })
    .await;
}
