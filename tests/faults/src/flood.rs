//! A flood of refusals beside the journeys: strangers who try what they may not, as fast as they are answered.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::fleet::Fleet;
use crate::random::Random;

/// How many strangers try at the same time.
const STRANGERS: usize = 8;

/// A stranger tries no faster.
const PACE: Duration = Duration::from_millis(2);

/// How long a stranger waits for an answer.
const ANSWER: Duration = Duration::from_secs(8);

/// A flood that goes on until it is ended.
#[derive(Debug)]
pub(crate) struct Flood {
    stop: CancellationToken,
    strangers: JoinSet<Result<(), String>>,
}

impl Flood {
    /// Begins it, at all replicas that there are now and later.
    pub(crate) fn begin(fleet: &Fleet, random: &mut Random) -> Self {
        let (stop, mut strangers) = (CancellationToken::new(), JoinSet::new());
        for _ in 0..STRANGERS {
            let stranger = Stranger {
                fleet: fleet.clone(),
                random: random.fork(),
                http: reqwest::Client::new(),
            };
            strangers.spawn(stranger.tries(stop.clone()));
        }
        Self { stop, strangers }
    }

    /// Ends it.
    ///
    /// # Errors
    /// When a stranger was let in.
    pub(crate) async fn end(mut self) -> Result<(), String> {
        self.stop.cancel();
        while let Some(tried) = self.strangers.join_next().await {
            tried.map_err(|error| error.to_string())??;
        }
        Ok(())
    }
}

struct Stranger {
    fleet: Fleet,
    random: Random,
    http: reqwest::Client,
}

impl Stranger {
    async fn tries(mut self, stop: CancellationToken) -> Result<(), String> {
        let mut ticks = interval(PACE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.is_cancelled() {
            ticks.tick().await;
            let Some(request) = self.attempt() else { continue };
            // What else is broken may leave it without an answer.
            let Ok(answer) = request.timeout(ANSWER).send().await else { continue };
            let (status, url) = (answer.status(), answer.url().clone());
            if status.is_success() {
                return Err(format!("a stranger was let in at {url}: {status}"));
            }
            // Read to its end, so that the connection is used again.
            let _ = answer.bytes().await;
        }
        Ok(())
    }

    /// Something that is refused: an unknown client, one without a secret, a password that is wrong, a token that is
    /// nobody's.
    fn attempt(&mut self) -> Option<reqwest::RequestBuilder> {
        let replica = self.fleet.choose(&mut self.random)?;
        let post = |path: &str| self.http.post(format!("{}{path}", replica.of(path)));
        let grant = [("grant_type", "client_credentials")];
        Some(match self.random.below(16) {
            0 => post("/v1/api-tokens").basic_auth("operator@example.com", Some("a guess")),
            1..4 => post("/v1/apps").bearer_auth("mandate_pat_a-guess"),
            4..8 => post("/oauth2/token").form(&grant),
            _ => {
                let client = format!("{:032x}", self.random.number());
                post("/oauth2/token").basic_auth(client, Some("a guess")).form(&grant)
            }
        })
    }
}
