//! `mandate subscribers`: systems outside that read an organization's events from NATS.
//!
//! The truth is the notifier's table. What follows from it is brought about elsewhere: the durable
//! consumers by the notifier, the users of a private server by `local`; the users of a server of
//! one's own are written into its configuration by whoever runs it.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use contract::secret::SubscriberPassword;
use contract::{Environment, OrganizationId, Service};
use eventstore::EventStore;
use local_servers::NatsGuest;
use notifier::{Missed, NewSubscriber, STREAM, Subscriber, SubscriberError};
use sqlx::PgPool;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::cli::{AddSubscriber, ListSubscribers, RemoveSubscriber, Subscribers};
use crate::configuration::Configuration;
use crate::output::{note, print, say};
use crate::{data_dir, output};

/// How long a running system may take to let a new subscriber in.
const ADMISSION: Duration = Duration::from_secs(10);

/// How often it is tried.
const TRY: Duration = Duration::from_millis(100);

/// A subscriber as a user of a private server.
pub(crate) fn guest(subscriber: &Subscriber) -> NatsGuest {
    NatsGuest {
        name: subscriber.login(),
        password_hash: subscriber.password_hash.0.clone(),
        publish: subscriber.may_publish(),
        subscribe: subscriber.may_subscribe(),
    }
}

/// Carries out a command of `mandate subscribers`.
///
/// # Errors
/// What went wrong, in words for the terminal.
pub async fn run(command: Subscribers, mut configuration: Configuration) -> anyhow::Result<()> {
    let folder = match command.data_dir() {
        Some(folder) => folder.to_owned(),
        None => data_dir::default_data_dir()?,
    };
    let databases: &[Service] = match &command {
        // Whether there is the organization, the directory knows.
        Subscribers::Add(_) => &[Service::Directory, Service::Notifier],
        Subscribers::List(_) | Subscribers::Remove(_) => &[Service::Notifier],
    };
    let nats = reach(&folder, databases, &mut configuration)?;
    let pool = pool(&configuration)?;
    let done = match command {
        Subscribers::Add(command) => add(command, &configuration, &pool, &nats).await,
        Subscribers::List(command) => list(&command, &pool).await,
        Subscribers::Remove(command) => remove(&command, &pool, &nats).await,
    };
    pool.close().await;
    done
}

/// The connections that read the table of subscribers.
///
/// # Errors
/// When no database is set.
pub fn pool(configuration: &Configuration) -> anyhow::Result<PgPool> {
    connect(configuration, Service::Notifier)
}

fn connect(configuration: &Configuration, service: Service) -> anyhow::Result<PgPool> {
    let settings = configuration.database_of(service)?;
    Ok(service::connect::database(service, &settings)?)
}

/// The NATS that subscribers read from.
enum Nats {
    /// Ours: `mandate up` keeps its users.
    Private { url: String },
    /// One's own: its users are in its configuration.
    Given { url: String },
}

impl Nats {
    fn url(&self) -> &str {
        let (Self::Private { url } | Self::Given { url }) = self;
        url
    }
}

/// Finds the servers: those of the configuration, else the private ones of this folder.
fn reach(
    folder: &Path,
    databases: &[Service],
    configuration: &mut Configuration,
) -> anyhow::Result<Nats> {
    for service in databases {
        if configuration.database_of(*service).is_err() {
            data_dir::reach_postgres(folder, *service, configuration)?;
        }
    }
    if let Ok(given) = configuration.nats_of(Service::Notifier) {
        let mut urls = Vec::new();
        for address in given.url.reveal().split(',') {
            let wrong = "`nats.url` is not nats://user:password@host:port";
            let mut url = url::Url::parse(address.trim()).context(wrong)?;
            // The notifier's own login is in it.
            let (Ok(()), Ok(())) = (url.set_username(""), url.set_password(None)) else {
                bail!(wrong);
            };
            urls.push(url.to_string());
        }
        let url = urls.join(",");
        return Ok(Nats::Given { url });
    }
    let url = data_dir::nats_url(folder)?;
    Ok(Nats::Private { url })
}

async fn add(
    command: AddSubscriber,
    configuration: &Configuration,
    pool: &PgPool,
    nats: &Nats,
) -> anyhow::Result<()> {
    let new = NewSubscriber::parse(&command.name, command.organization, &command.events)
        .map_err(SubscriberError::Invalid)?;
    if !organization_exists(configuration, command.organization).await? {
        bail!("there is no organization {}", command.organization);
    }
    let events = EventStore::new(Service::Notifier, pool.clone(), Environment::system());
    // Shown before it is there: one whose password nobody has seen never is.
    let show = |subscriber: &Subscriber, password: &SubscriberPassword| {
        output::show(&format!(
            "NATS_URL={}\nNATS_USER={}\nNATS_PASSWORD={}\n",
            nats.url(),
            subscriber.login(),
            password.reveal()
        ))
    };
    let (subscriber, password) = notifier::add_subscriber(&events, new, show).await?;
    note(&reading(&subscriber));
    match nats {
        Nats::Private { url } => {
            note(if admitted(url, &subscriber, password.reveal()).await {
                "It can connect."
            } else {
                "It cannot connect yet: it can once `mandate up` runs."
            });
        }
        Nats::Given { .. } => note(&format!(
            "Add this to `accounts` in the NATS server's configuration, and reload it\n\
             twice (`nats-server --signal reload`): once does not bring up a new account's imports.\n{}",
            guest(&subscriber).config().trim_end()
        )),
    }
    Ok(())
}

/// What a new subscriber reads, and how.
fn reading(subscriber: &Subscriber) -> String {
    let (login, inboxes) = (subscriber.login(), subscriber.inbox_prefix());
    let subjects = subscriber.subjects();
    let subjects = subjects.join("\n  ");
    format!(
        "The password is shown this once. It reads, from stream {STREAM} through the durable\n\
         consumer {login}, with inboxes below {inboxes}:\n  {subjects}\n\
         docs/subscribing.md has a client. To try it with the nats command line tool, which reads\n\
         these variables once they are exported:\n  \
         nats --inbox-prefix {inboxes} consumer next {STREAM} {login}"
    )
}

async fn organization_exists(
    configuration: &Configuration,
    id: OrganizationId,
) -> anyhow::Result<bool> {
    let pool = connect(configuration, Service::Directory)?;
    let exists = directory::organization_exists(&pool, id).await;
    pool.close().await;
    Ok(exists?)
}

/// Waits until the new subscriber reaches its consumer, and says whether it does.
async fn admitted(url: &str, subscriber: &Subscriber, password: &str) -> bool {
    let deadline = Instant::now() + ADMISSION;
    let mut tries = interval(TRY);
    tries.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while Instant::now() < deadline {
        tries.tick().await;
        match reaches(url, subscriber, password).await {
            Ok(true) => return true,
            Ok(false) => {}
            Err(error) if error.kind() == async_nats::ConnectErrorKind::Io => return false,
            Err(error) => tracing::debug!(%error, "not yet"),
        }
    }
    false
}

async fn reaches(
    url: &str,
    subscriber: &Subscriber,
    password: &str,
) -> Result<bool, async_nats::ConnectError> {
    let login = subscriber.login();
    let client = async_nats::ConnectOptions::new()
        .user_and_password(login.clone(), password.to_owned())
        .custom_inbox_prefix(subscriber.inbox_prefix())
        .connect(url)
        .await?;
    // The consumer refuses what is no request, whereby it shows that it is there and hands out
    // nothing. Nobody answers when it is not there, or not in reach.
    let question = format!("$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{login}");
    let answer = client.request(question, "{".into()).await;
    Ok(answer.is_ok())
}

async fn list(command: &ListSubscribers, pool: &PgPool) -> anyhow::Result<()> {
    let subscribers = notifier::list_subscribers(pool).await?;
    let missed = notifier::missed_by_subscribers(pool).await?;
    let mut lines = String::new();
    for subscriber in &subscribers {
        if command.nats_users {
            lines.push_str(&guest(subscriber).config());
        } else {
            let Subscriber { name, organization_id, created_at, events, .. } = subscriber;
            let (added, events) = (created_at.format("%Y-%m-%d"), events.join(","));
            write!(lines, "{name}\t{organization_id}\t{events}\tadded {added}")?;
            let records = subscriber.records().join(",");
            if !records.is_empty() {
                write!(
                    lines,
                    "\tno longer gets {records}: records are in the log (GET /v1/events)"
                )?;
            }
            if let Some(Missed { events, last }) = missed.get(&subscriber.id) {
                let last = last.format("%Y-%m-%d %H:%M UTC");
                write!(
                    lines,
                    "\tmissed at least {events} events, the last before {last}: the stream had dropped them; they are in the log (GET /v1/events)"
                )?;
            }
            lines.push('\n');
        }
    }
    Ok(print(&lines)?)
}

async fn remove(command: &RemoveSubscriber, pool: &PgPool, nats: &Nats) -> anyhow::Result<()> {
    let events = EventStore::new(Service::Notifier, pool.clone(), Environment::system());
    let subscriber = notifier::remove_subscriber(&events, &command.name).await?;
    say(&format!("{} is removed; its name is not used again.", subscriber.name));
    match nats {
        Nats::Private { .. } => {
            note("A running system disconnects it and deletes its consumer within seconds.");
        }
        Nats::Given { .. } => note(&format!(
            "A running system deletes its consumer within seconds. Take the user {} out of the NATS server's configuration, and reload it.",
            subscriber.login()
        )),
    }
    Ok(())
}
