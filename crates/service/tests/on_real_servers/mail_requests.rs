//! Mails that a service asks the directory for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use contract::mail::{MailRecipient, MailRequest, RequestedMail};
use contract::rpc::{MailsTaken, RequestMails};
use contract::{Environment, Service};
use local_servers::Nats;
use local_servers::testing::{self, TestDatabase};
use service::{Resources, RpcRefusal, Tasks, mail_requests};
use sqlx::{Connection as _, PgConnection};
use stage::{eventually, shared};

/// A process of the key issuer, which asks for mails, and what runs in it.
async fn asking(database: &TestDatabase, nats: &Nats) -> (Resources, Tasks) {
    let shared = shared(&Environment::system());
    let resources = stage::connect(Service::KeyIssuer, &shared, &database.url, nats).await;
    (resources, shared.tasks)
}

/// A directory that notes what it is asked, and refuses what is about this many days.
async fn directory(nats: &Nats, refused: u16) -> Arc<Mutex<Vec<RequestedMail>>> {
    let resources = crate::resources(Service::Directory, None, nats).await;
    let asked = Arc::<Mutex<Vec<RequestedMail>>>::default();
    let noted = Arc::clone(&asked);
    let answer = move |_, question: RequestMails| {
        let noted = Arc::clone(&noted);
        async move {
            if question.mails.iter().any(|asked| days(asked) == refused) {
                return Err(RpcRefusal::new(500, "broken", "This one is broken."));
            }
            let new = u32::try_from(question.mails.len()).unwrap();
            noted.lock().unwrap().extend(question.mails);
            Ok(MailsTaken { new })
        }
    };
    resources.serve_rpc(answer).await.unwrap();
    asked
}

fn days(asked: &RequestedMail) -> u16 {
    match asked.mail {
        MailRequest::KeyExpiring { days, .. } => days,
        _ => 0,
    }
}

/// Asks for so many mails, told apart by their days.
async fn ask(resources: &Resources, count: u16) {
    let env = &resources.env;
    let mail = |days| RequestedMail {
        event_id: env.new_id(),
        organization_id: Some(env.new_id()),
        correlation_id: env.new_id(),
        mail: MailRequest::KeyExpiring {
            key_id: env.new_id(),
            app_id: env.new_id(),
            days,
            expires_at: env.now(),
        },
        recipient: MailRecipient::Contact(env.new_id()),
    };
    let mails: Vec<RequestedMail> = (1..=count).map(mail).collect();
    let mut transaction = resources.pool.begin().await.unwrap();
    mail_requests::request(&mut transaction, &mails, env.now()).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn waiting(resources: &Resources) -> i64 {
    let count = sqlx::query_scalar("SELECT count(*) FROM key_issuer.mail_requests");
    count.fetch_one(&resources.pool).await.unwrap()
}

async fn all_handed_over(resources: &Resources) {
    eventually("no mail waits", async || match waiting(resources).await {
        0 => Ok(()),
        waiting => Err(format!("{waiting} wait")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_wait_for_the_directory_and_each_is_asked_for_once_by_any_number_of_replicas() {
    let (database, nats) = (stage::database().await, testing::nats().await);
    let (one, _tasks) = asking(&database, &nats).await;
    let (other, _other_tasks) = asking(&database, &nats).await;
    mail_requests::spawn(&one);
    ask(&one, 250).await;
    // It is away: nothing is lost, and nothing goes.
    let mut connection = one.pool.acquire().await.unwrap();
    assert_eq!(waiting(&one).await, 250);
    let asked = directory(&nats, 0).await;
    mail_requests::spawn(&other);
    all_handed_over(&one).await;
    let mut days: Vec<u16> = asked.lock().unwrap().iter().map(days).collect();
    days.sort_unstable();
    assert_eq!(days, (1..=250).collect::<Vec<_>>());
    // In a transaction that is rolled back nothing was asked for.
    let mail = asked.lock().unwrap()[0];
    let mut transaction = connection.begin().await.unwrap();
    mail_requests::request(&mut transaction, &[mail], one.env.now()).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(waiting(&one).await, 0);
    // An event asks for a mail to somebody once.
    let twice = mail_requests::request(&mut connection, &[mail, mail], one.env.now()).await;
    assert!(twice.unwrap_err().as_database_error().unwrap().is_unique_violation());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_directory_refuses_holds_up_no_other() {
    let (database, nats) = (stage::database().await, testing::nats().await);
    let (resources, _tasks) = asking(&database, &nats).await;
    let asked = directory(&nats, 3).await;
    ask(&resources, 5).await;
    // And one that this version does not know.
    sqlx::query(
        r#"INSERT INTO key_issuer.mail_requests
               (event_id, recipient, correlation_id, mail, created_at, next_attempt_at)
           VALUES (gen_random_uuid(), '{"kind": "person"}', gen_random_uuid(), '{"template": "new"}', now(),
                   now() - interval '1 day')"#,
    )
    .execute(&resources.pool)
    .await
    .unwrap();
    mail_requests::spawn(&resources);
    eventually("the others are taken", async || match waiting(&resources).await {
        2 => Ok(()),
        waiting => Err(format!("{waiting} wait")),
    })
    .await;
    let mut days: Vec<u16> = asked.lock().unwrap().iter().map(days).collect();
    days.sort_unstable();
    assert_eq!(days, [1, 2, 4, 5]);
    let postponed = "SELECT count(*) FROM key_issuer.mail_requests
                     WHERE attempts = 1 AND next_attempt_at > created_at";
    let postponed: i64 = sqlx::query_scalar(postponed).fetch_one(&resources.pool).await.unwrap();
    assert_eq!(postponed, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dies_between_the_answer_and_the_note_of_it_asks_the_same_again() {
    let (database, nats) = (stage::database().await, testing::nats().await);
    let (dying, tasks) = asking(&database, &nats).await;
    let asked = directory(&nats, 0).await;
    ask(&dying, 1).await;
    // Nothing can be deleted meanwhile.
    let mut owner = PgConnection::connect(&database.url).await.unwrap();
    let mut held = owner.begin().await.unwrap();
    let lock = "LOCK TABLE key_issuer.mail_requests IN SHARE MODE";
    sqlx::query(lock).execute(&mut *held).await.unwrap();
    mail_requests::spawn(&dying);
    eventually("the directory is asked", async || match asked.lock().unwrap().len() {
        0 => Err("not yet"),
        _ => Ok(()),
    })
    .await;
    tasks.shutdown(Duration::from_secs(10)).await;
    held.rollback().await.unwrap();
    let (living, _tasks) = asking(&database, &nats).await;
    assert_eq!(waiting(&living).await, 1);
    mail_requests::spawn(&living);
    all_handed_over(&living).await;
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        asked[0], asked[1],
        "by event and recipient the directory knows that it is the same"
    );
}
