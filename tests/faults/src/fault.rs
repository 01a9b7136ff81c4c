//! What breaks, and how it is broken. Everything is brought back by [`Stage::heal`].

use std::time::Duration;

use anyhow::Context;
use async_nats::jetstream::{self, stream};
use futures::TryStreamExt;
use serde::Serialize;

use crate::database;
use crate::nats::FILLER;
use crate::proxy::Weather;
use crate::random::Random;
use crate::stage::{Fillable, Stage};

/// How long a cluster may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The streams of ours.
const STREAMS: [&str; 2] = ["EVENTS", "AUDIT"];

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A process is killed with -9.
    KillProcess,
    /// All processes are killed with -9.
    KillAllProcesses,
    /// PostgreSQL is killed with -9.
    KillPostgres,
    /// A NATS is killed with -9.
    KillNats,
    /// NATS loses its data folder.
    WipeNats,
    /// A stream is deleted: of events, or of what waits for audit.
    DeleteStream,
    /// A consumer is deleted: of a service, or the subscriber's.
    DeleteConsumer,
    /// Connections to PostgreSQL are cut.
    CutPostgres,
    /// Connections to NATS are cut.
    CutNats,
    /// Nothing comes through to PostgreSQL or back, and nobody is told.
    SilencePostgres,
    /// Nothing comes through to NATS or back, and nobody is told.
    SilenceNats,
    /// Everything to PostgreSQL and back comes later.
    DelayPostgres,
    /// Everything to NATS and back comes later.
    DelayNats,
    /// On the connections to PostgreSQL, what was sent later overtakes what was sent earlier.
    ReorderPostgres,
    /// The same to NATS.
    ReorderNats,
    /// The connections to PostgreSQL are lost for ever, and nobody is told; new ones are not.
    LosePostgres,
    /// The same to NATS.
    LoseNats,
    /// A replica more.
    AddReplica,
    /// A replica less.
    RemoveReplica,
    /// The clock of one process goes back by an hour or more.
    ClockBack,
    /// PostgreSQL fails over to a server that takes no changes, and back: connections stay where they are.
    ReadOnlyPostgres,
    /// The key issuer's database loses what it last learned of apps.
    LoseProjection,
    /// Strangers try what they may not, as fast as they are answered.
    RefusalFlood,
    /// The disk of NATS is full, and is freed. NATS is then restarted, as docs/operating.md says.
    NatsDiskFull,
    /// NATS has as much as it may store.
    NatsStoreFull,
    /// The disk of PostgreSQL is full, and is freed. PostgreSQL is started again if it ended for it.
    PostgresDiskFull,
}

impl Fault {
    /// Everything that can break where there is one NATS.
    pub const ALL: [Self; 26] = [
        Self::KillProcess,
        Self::KillAllProcesses,
        Self::KillPostgres,
        Self::KillNats,
        Self::WipeNats,
        Self::DeleteStream,
        Self::DeleteConsumer,
        Self::CutPostgres,
        Self::CutNats,
        Self::SilencePostgres,
        Self::SilenceNats,
        Self::DelayPostgres,
        Self::DelayNats,
        Self::ReorderPostgres,
        Self::ReorderNats,
        Self::LosePostgres,
        Self::LoseNats,
        Self::AddReplica,
        Self::RemoveReplica,
        Self::ClockBack,
        Self::ReadOnlyPostgres,
        Self::LoseProjection,
        Self::RefusalFlood,
        Self::NatsDiskFull,
        Self::NatsStoreFull,
        Self::PostgresDiskFull,
    ];

    /// What is broken where NATS is a cluster. Not its data: that a cluster keeps while one server
    /// is gone is what is to be shown.
    pub const IN_A_CLUSTER: [Self; 4] =
        [Self::KillNats, Self::KillProcess, Self::DeleteConsumer, Self::CutNats];

    /// Whether it takes a disk that can be filled.
    pub fn fills_disk(self) -> bool {
        matches!(self, Self::NatsDiskFull | Self::PostgresDiskFull)
    }

    /// Whether a mail may come again because of it: who sent it, or the database, may have gone before it was noted.
    pub(crate) fn may_repeat_mail(self) -> bool {
        match self {
            Self::KillProcess
            | Self::KillAllProcesses
            | Self::KillPostgres
            | Self::CutPostgres
            | Self::SilencePostgres
            | Self::ReorderPostgres
            | Self::LosePostgres
            // A process that is told to end cuts off what takes too long.
            | Self::AddReplica
            | Self::RemoveReplica
            | Self::ClockBack
            | Self::ReadOnlyPostgres
            | Self::PostgresDiskFull => true,
            Self::KillNats
            | Self::WipeNats
            | Self::DeleteStream
            | Self::DeleteConsumer
            | Self::CutNats
            | Self::SilenceNats
            | Self::DelayPostgres
            | Self::DelayNats
            | Self::ReorderNats
            | Self::LoseNats
            | Self::LoseProjection
            | Self::RefusalFlood
            | Self::NatsDiskFull
            | Self::NatsStoreFull => false,
        }
    }

    /// What they fill.
    pub fn fill(faults: &[Self]) -> Fillable {
        Fillable {
            disks: faults.iter().any(|fault| fault.fills_disk()),
            store: faults.contains(&Self::NatsStoreFull),
        }
    }

    /// Its name on the command line and in JSON.
    pub fn slug(self) -> String {
        let text = serde_json::to_value(self).unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::KillProcess => "kill -9 of a process",
            Self::KillAllProcesses => "kill -9 of all processes",
            Self::KillPostgres => "kill -9 of PostgreSQL",
            Self::KillNats => "kill -9 of NATS",
            Self::WipeNats => "NATS loses its data",
            Self::DeleteStream => "stream deleted",
            Self::DeleteConsumer => "consumer deleted",
            Self::CutPostgres => "PostgreSQL cut off",
            Self::CutNats => "NATS cut off",
            Self::SilencePostgres => "PostgreSQL silent",
            Self::SilenceNats => "NATS silent",
            Self::DelayPostgres => "PostgreSQL delayed",
            Self::DelayNats => "NATS delayed",
            Self::ReorderPostgres => "PostgreSQL reordered",
            Self::ReorderNats => "NATS reordered",
            Self::LosePostgres => "PostgreSQL connections lost",
            Self::LoseNats => "NATS connections lost",
            Self::AddReplica => "replica added",
            Self::RemoveReplica => "replica removed",
            Self::ClockBack => "clock set back",
            Self::ReadOnlyPostgres => "failover to a read-only PostgreSQL",
            Self::LoseProjection => "a projection's last transactions lost",
            Self::RefusalFlood => "flood of refusals",
            Self::NatsDiskFull => "NATS disk full and freed",
            Self::NatsStoreFull => "NATS store full",
            Self::PostgresDiskFull => "PostgreSQL disk full and freed",
        }
    }

    /// Breaks it, and says what exactly was done.
    ///
    /// # Errors
    /// When it cannot be broken.
    pub async fn strike(self, stage: &mut Stage, random: &mut Random) -> anyhow::Result<String> {
        let replica = random.below(stage.replicas());
        let done = match self {
            Self::KillProcess => {
                let address = stage.kill_process(replica)?;
                format!("replica {replica} at {address}")
            }
            Self::KillAllProcesses => {
                for number in 0..stage.replicas() {
                    stage.kill_process(number)?;
                }
                "every replica".to_owned()
            }
            Self::KillPostgres => {
                stage.postgres.kill().await?;
                String::new()
            }
            Self::KillNats => {
                let place = random.below(stage.nats.len());
                stage.nats[place].kill().await?;
                format!("server {place}")
            }
            Self::WipeNats => {
                let place = random.below(stage.nats.len());
                stage.nats[place].wipe().await?;
                format!("server {place}")
            }
            Self::DeleteStream => {
                let stream = *random.pick(&STREAMS).context("there are streams")?;
                jetstream(stage).await?.delete_stream(stream).await?;
                stream.to_owned()
            }
            Self::DeleteConsumer => delete_consumer(stage, random).await?,
            Self::LosePostgres | Self::LoseNats => {
                for number in 0..stage.replicas() {
                    stage.lose_connections(number, self == Self::LosePostgres);
                }
                "of every replica".to_owned()
            }
            Self::AddReplica => {
                stage.add_replica().await?;
                String::new()
            }
            Self::RemoveReplica => {
                stage.remove_replica().await?;
                String::new()
            }
            Self::ClockBack => {
                let seconds = 3600 + i64::try_from(random.below(3600))?;
                stage.set_clock_back(replica, seconds).await?;
                format!("replica {replica} by {seconds} s")
            }
            Self::ReadOnlyPostgres => {
                database::fail_over(&stage.pool).await?;
                String::new()
            }
            Self::LoseProjection => {
                let lost = database::lose_last_of_projection(&stage.pool).await?;
                format!("of {lost} apps")
            }
            Self::RefusalFlood => {
                stage.flood();
                String::new()
            }
            Self::NatsDiskFull | Self::PostgresDiskFull => {
                let disks =
                    stage.disks.as_ref().context("the stage has disks that can be filled")?;
                disks.fill(self == Self::PostgresDiskFull)?;
                String::new()
            }
            Self::NatsStoreFull => fill_store(stage).await?,
            other => other.change_weather(stage, replica, random),
        };
        Ok(done)
    }

    /// What lies between one replica, or all, and a server.
    fn change_weather(self, stage: &Stage, replica: usize, random: &mut Random) -> String {
        let delay = random.between(Duration::from_millis(10), Duration::from_millis(60));
        let weather = match self {
            Self::SilencePostgres | Self::SilenceNats => Weather::Silent,
            Self::DelayPostgres | Self::DelayNats => Weather::Delayed(delay),
            Self::ReorderPostgres | Self::ReorderNats => Weather::Reordered(2 * delay),
            _ => Weather::Cut,
        };
        let to_postgres = matches!(
            self,
            Self::CutPostgres | Self::SilencePostgres | Self::DelayPostgres | Self::ReorderPostgres
        );
        let everybody = random.once_in(2);
        let affected = if everybody { 0..stage.replicas() } else { replica..replica + 1 };
        for number in affected.clone() {
            if to_postgres {
                stage.way_to_postgres(number, weather);
            } else {
                stage.way_to_nats(number, weather);
            }
        }
        format!("{weather:?} for replicas {affected:?}")
    }
}

async fn jetstream(stage: &Stage) -> anyhow::Result<jetstream::Context> {
    let mut jetstream = jetstream::new(stage.nats_client().await);
    jetstream.set_timeout(ANSWER);
    Ok(jetstream)
}

/// Somebody else's messages take all that NATS may store.
async fn fill_store(stage: &Stage) -> anyhow::Result<String> {
    let jetstream = jetstream(stage).await?;
    let config = stream::Config {
        name: FILLER.to_owned(),
        subjects: vec![FILLER.to_owned()],
        ..stream::Config::default()
    };
    jetstream.create_stream(config).await?;
    let mut messages = 0;
    for size in [1 << 19, 1 << 10, 1] {
        while jetstream.publish(FILLER, vec![0; size].into()).await?.await.is_ok() {
            messages += 1;
        }
    }
    Ok(format!("by {messages} messages"))
}

async fn delete_consumer(stage: &Stage, random: &mut Random) -> anyhow::Result<String> {
    let jetstream = jetstream(stage).await?;
    let stream = *random.pick(&STREAMS).context("there are streams")?;
    let stream = jetstream.get_stream(stream).await?;
    let mut names: Vec<String> = stream.consumer_names().try_collect().await?;
    names.sort_unstable();
    let name = random.pick(&names).context("there are consumers")?;
    stream.delete_consumer(name).await?;
    Ok(name.clone())
}
