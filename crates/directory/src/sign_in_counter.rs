//! Counts attempts to sign in, in PostgreSQL and in the buckets of this process.

use chrono::TimeDelta;
use service::limits::Limited;
use service::settings::Network;
use service::{Problem, RequestFacts, Resources};
use tokio::sync::OnceCell;

use crate::fields::Email;
use crate::sign_in_limits::{Hash, Subjects, TooManyAttempts, Waits, known_since, reset_subjects};
use crate::store::{sign_in_attempts, sign_in_networks};

/// Counts attempts to sign in.
#[derive(Debug, Default)]
pub(crate) struct SignInCounter {
    key: OnceCell<Hash>,
}

impl SignInCounter {
    /// What an attempt with this name is counted by.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub(crate) async fn subjects(
        &self,
        resources: &Resources,
        name: &str,
        network: Option<Network>,
    ) -> sqlx::Result<Subjects> {
        let read = || sign_in_networks::key(&resources.pool, resources.env.bytes());
        let key = self.key.get_or_try_init(read).await?;
        Ok(Subjects::of(key, name, network))
    }

    /// Counts an attempt. `at_home` is whether the person has signed in from there before.
    ///
    /// # Errors
    /// [`TooManyAttempts`], if it came too early.
    pub(crate) async fn count(
        &self,
        resources: &Resources,
        facts: &RequestFacts,
        subjects: &Subjects,
        at_home: bool,
    ) -> Result<Result<(), TooManyAttempts>, Problem> {
        let now = resources.env.now();
        let settings = resources.limits.settings();
        let refused = |until| Ok(Err(TooManyAttempts { until, now }));
        if let (true, Some(subject)) = (at_home, &subjects.email_at_network) {
            let mut connection = resources.pool.acquire().await?;
            let waits = Waits::of_an_email(settings);
            return match sign_in_attempts::count(&mut connection, subject, waits, now).await? {
                Ok(()) => Ok(Ok(())),
                Err(until) => refused(until),
            };
        }
        if let Err(limited) = resources.limits.sign_in(facts) {
            return refused(now + TimeDelta::from_std(limited.wait).unwrap_or(TimeDelta::MAX));
        }
        let mut connection = resources.pool.acquire().await?;
        // The network first: one that has tried too much counts for no email any more.
        let by_network = subjects.network.map(|subject| (subject, Waits::of_a_network(settings)));
        let by_email = (subjects.email, Waits::of_an_email(settings));
        for (subject, waits) in by_network.into_iter().chain([by_email]) {
            let counted = sign_in_attempts::count(&mut connection, &subject, waits, now).await?;
            if let Err(until) = counted {
                return refused(until);
            }
        }
        Ok(Ok(()))
    }

    /// Counts a request for a link to choose another password, by email and by network.
    ///
    /// # Errors
    /// 429, if it came too early.
    pub(crate) async fn count_reset(
        &self,
        resources: &Resources,
        facts: &RequestFacts,
        email: &Email,
    ) -> Result<(), Problem> {
        let too_many = |limited: Limited| {
            limited
                .problem("Too many links were asked for. `Retry-After` says when the next may be.")
        };
        resources.limits.sign_in(facts).map_err(too_many)?;
        let read = || sign_in_networks::key(&resources.pool, resources.env.bytes());
        let key = self.key.get_or_try_init(read).await?;
        let (by_email, by_network) = reset_subjects(key, email, facts.network());
        let (settings, now) = (resources.limits.settings(), resources.env.now());
        let by_network = by_network.map(|subject| (subject, Waits::of_a_network(settings)));
        let by_email = (by_email, Waits::of_an_email(settings));
        let mut connection = resources.pool.acquire().await?;
        for (subject, waits) in by_network.into_iter().chain([by_email]) {
            let counted = sign_in_attempts::count(&mut connection, &subject, waits, now).await?;
            counted.map_err(|until| {
                too_many(Limited::after((until - now).to_std().unwrap_or_default()))
            })?;
        }
        Ok(())
    }

    /// Forgets what was counted of somebody who has signed in. For their network it was one attempt less: else
    /// whoever has an account of their own could guess others' passwords without end.
    pub(crate) async fn forgive(&self, resources: &Resources, subjects: &Subjects, at_home: bool) {
        let pool = &resources.pool;
        let forgiven = async {
            if let (true, Some(subject)) = (at_home, &subjects.email_at_network) {
                return sign_in_attempts::forget(pool, subject).await;
            }
            if let Some(subject) = &subjects.network {
                sign_in_attempts::take_back(pool, subject, resources.env.now()).await?;
            }
            sign_in_attempts::forget(pool, &subjects.email).await
        };
        if let Err(error) = forgiven.await {
            tracing::warn!(%error, "attempts to sign in are still counted, though one succeeded");
        }
    }

    /// Forgets what is too old to count.
    pub(crate) async fn sweep(resources: &Resources) -> sqlx::Result<()> {
        let (pool, settings) = (&resources.pool, resources.limits.settings());
        let now = resources.env.now();
        let old = now - Waits::of_an_email(settings).forgotten_after();
        while sign_in_attempts::sweep(pool, old).await? {}
        sign_in_networks::sweep(pool, known_since(settings, now)).await
    }
}
