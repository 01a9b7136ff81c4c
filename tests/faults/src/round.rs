//! A run: rounds of load and faults, and after each the healing and the checks.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures::future::join_all;
use serde_json::json;
use stage::within;
use tokio_util::sync::CancellationToken;

use crate::auditor::Auditor;
use crate::cast::Cast;
use crate::check;
use crate::client::Client;
use crate::consents;
use crate::fault::Fault;
use crate::history::History;
use crate::programs::Programs;
use crate::random::Random;
use crate::report::{Report, Round, seconds};
use crate::stage::{Shape, Stage};
use crate::subscriber::Subscriber;

/// How long it may take until all is quiet again.
const QUIET: Duration = Duration::from_mins(2);

/// So many commands are acknowledged before something breaks, and again after it was healed.
const COMMANDS: u64 = 30;

/// How long the load may take to get its commands acknowledged.
const FLOWING: Duration = Duration::from_mins(1);

/// Between these, something is broken for so long.
const BROKEN: (Duration, Duration) = (Duration::from_millis(800), Duration::from_secs(3));

/// What is to be run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many rounds.
    pub rounds: usize,
    /// What repeats the choices.
    pub seed: u64,
    /// How many clients play at the same time.
    pub clients: usize,
    /// What it is played on.
    pub shape: Shape,
    /// What may break; each once before any comes again.
    pub faults: Vec<Fault>,
    /// The programs.
    pub programs: Programs,
    /// Where the history and the logs go.
    pub folder: PathBuf,
}

/// A failed run, with what is needed to read it.
#[derive(Debug, thiserror::Error)]
#[error("seed {seed}: {reason}\nwhat broke: {}\nthe history: {}", .faults.join("; "), .history.display())]
pub struct Failed {
    /// What repeats the choices.
    pub seed: u64,
    /// What broke so far, in order.
    pub faults: Vec<String>,
    /// Where the history is; the logs are beside it.
    pub history: PathBuf,
    /// What did not hold.
    pub reason: String,
}

/// A run that goes on.
pub struct Run {
    /// What is broken.
    pub stage: Stage,
    /// Who follows.
    pub subscriber: Subscriber,
    /// What was asked for.
    pub history: Arc<History>,
    cast: Arc<Cast>,
    auditor: Auditor,
    random: Random,
    http: reqwest::Client,
    clients: usize,
    faults: Vec<String>,
    /// The mails that have come, and how often.
    mails: BTreeMap<(String, String), usize>,
}

impl Plan {
    /// Runs it; `tell` hears of each round.
    ///
    /// # Errors
    /// [`Failed`] when something does not hold or does not come back.
    pub async fn run(self, mut tell: impl FnMut(&Round)) -> Result<Report, Failed> {
        let history = self.folder.join("history.jsonl");
        let failed = |faults: &[String], reason: String| Failed {
            seed: self.seed,
            faults: faults.to_vec(),
            history: history.clone(),
            reason,
        };
        let mut run =
            Run::begin(&self, &history).await.map_err(|error| failed(&[], format!("{error:#}")))?;
        let mut deck = Vec::new();
        let mut report = Report { seed: self.seed, rounds: Vec::new(), events: 0 };
        for number in 1..=self.rounds {
            let both = number > self.faults.len() && self.faults.len() > 1 && run.random.once_in(2);
            let mut faults = Vec::new();
            while faults.len() < if both { 2 } else { 1 } {
                if deck.is_empty() {
                    deck = run.random.shuffled(self.faults.clone());
                }
                faults.extend(deck.pop());
            }
            let round = run
                .round(number, &faults)
                .await
                .map_err(|error| failed(&run.faults, format!("{error:#}")))?;
            tell(&round);
            report.rounds.push(round);
        }
        report.events = run.subscriber.count();
        Ok(report)
    }
}

impl Run {
    /// Sets the stage and makes the cast.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn begin(plan: &Plan, history: &Path) -> anyhow::Result<Self> {
        // What another run left there, such as its logs, is not of this one.
        match std::fs::remove_dir_all(&plan.folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        std::fs::create_dir_all(&plan.folder).with_context(|| plan.folder.display().to_string())?;
        let mut random = Random::new(plan.seed);
        let history = Arc::new(History::new(history)?);
        let stage = Stage::set(
            plan.shape,
            &plan.programs,
            &plan.folder,
            Fault::fill(&plan.faults),
            random.fork(),
        )
        .await?;
        let subscriber = Subscriber::follow(stage.nats_client().await);
        let mut director = Client::new(
            "director".to_owned(),
            stage.fleet.clone(),
            Arc::clone(&history),
            random.fork(),
            CancellationToken::new(),
        )?;
        let mailbox = stage.mailbox.clone();
        let operator = stage.add_operator()?;
        let cast = Cast::make(&mut director, &operator, mailbox).await?;
        let auditor = Auditor::new(stage.mandate(), &plan.folder, &operator)?;
        Ok(Self {
            stage,
            subscriber,
            history,
            cast: Arc::new(cast),
            auditor,
            random,
            http: reqwest::Client::new(),
            clients: plan.clients,
            faults: Vec::new(),
            mails: BTreeMap::new(),
        })
    }

    /// Plays a round, and checks.
    ///
    /// # Errors
    /// When something does not hold or does not come back.
    pub async fn round(&mut self, number: usize, faults: &[Fault]) -> anyhow::Result<Round> {
        // Before anybody does anything with them.
        let ending = consents::end_soon(&self.stage.pool).await?;
        self.history.write("round", "consents that end", &json!(ending));
        let stop = CancellationToken::new();
        let mut playing = Vec::new();
        for client in 0..self.clients {
            let client = Client::new(
                format!("{number}.{client}"),
                self.stage.fleet.clone(),
                Arc::clone(&self.history),
                self.random.fork(),
                stop.clone(),
            )?;
            playing.push(tokio::spawn(client.play(Arc::clone(&self.cast))));
        }
        let before = self.history.tally();
        let disturbed = self.disturb(number, faults).await;
        stop.cancel();
        for played in join_all(playing).await {
            played.context("a client plays to the end")?;
        }
        let (done, healing, broken_for, longest_stall) = disturbed?;

        let mut told = None;
        let quiet = within(QUIET, "all is quiet", async || {
            let look = check::quiet(&mut self.stage, &self.subscriber, &self.http).await;
            if told.as_ref() != look.as_ref().err() {
                told = look.as_ref().err().cloned();
                self.history.write("round", "not quiet", &json!(told));
            }
            look
        });
        quiet.await?;
        let recovered_in = healing.elapsed();
        let mut found = check::violations(&self.stage, &self.subscriber, &self.history).await?;
        found.extend(self.mails_again(faults));
        found.extend(self.verify().await?);
        let after = self.history.tally();
        let names: Vec<&str> = faults.iter().map(|fault| fault.name()).collect();
        let round = Round {
            number,
            faults: names.join(" + "),
            done,
            broken_for: seconds(broken_for),
            longest_stall: seconds(longest_stall),
            recovered_in: seconds(recovered_in),
            acknowledged: after.acknowledged - before.acknowledged,
            unknown: after.unknown - before.unknown,
        };
        self.history.write("round", "checked", &json!({ "round": round, "found": found }));
        if !found.is_empty() {
            bail!("round {number}: {}", found.join("\n  "));
        }
        Ok(round)
    }

    /// The mails that came again since it was asked last, although nothing broke that explains it.
    pub fn mails_again(&mut self, faults: &[Fault]) -> Vec<String> {
        let again = check::mails_again(&mut self.mails, self.stage.mailbox.came());
        if faults.iter().any(|fault| fault.may_repeat_mail()) { Vec::new() } else { again }
    }

    /// What the auditor is told, who comes after every round.
    ///
    /// # Errors
    /// When their program cannot be run.
    pub async fn verify(&mut self) -> anyhow::Result<Vec<String>> {
        self.auditor.verify(&self.stage).await
    }

    /// Breaks things under load, and heals them.
    async fn disturb(
        &mut self,
        number: usize,
        faults: &[Fault],
    ) -> anyhow::Result<(String, Instant, Duration, Duration)> {
        self.until_flowing("before").await?;
        self.history.begin_stall();
        let struck = Instant::now();
        let mut done = Vec::new();
        for fault in faults {
            let what = fault.strike(&mut self.stage, &mut self.random).await;
            let what = what.with_context(|| fault.name())?;
            self.history.write("fault", fault.name(), &json!(what));
            self.faults.push(format!("{number}. {} {what}", fault.name()));
            done.push(what);
        }
        // For so long it stays broken: nothing that could be waited for ends it.
        let broken = self.random.between(BROKEN.0, BROKEN.1);
        let _ = tokio::time::timeout(broken, std::future::pending::<()>()).await;
        let (healing, broken_for) = (Instant::now(), struck.elapsed());
        self.history.write("fault", "healing", &json!(number));
        self.stage.heal().await?;
        self.until_flowing("after").await?;
        Ok((done.join(", "), healing, broken_for, self.history.longest_stall()))
    }

    async fn until_flowing(&self, when: &str) -> anyhow::Result<()> {
        let from = self.history.tally().acknowledged;
        let what = format!("commands are acknowledged {when} the fault");
        within(FLOWING, &what, async || {
            let flowed = self.history.tally().acknowledged - from;
            if flowed >= COMMANDS { Ok(()) } else { Err(format!("{flowed} were")) }
        })
        .await?;
        Ok(())
    }
}
