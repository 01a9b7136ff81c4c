//! Guessing passwords takes for ever: attempts are counted before a password is looked at.
//!
//! They are counted by email and by network, in PostgreSQL, so that it makes no difference how many come at the
//! same time or at how many replicas. After some that were free, each next one has to wait twice as long, up to
//! a longest wait: a lockout that ends by itself. The wait is answered (429), no request is held.
//!
//! That would let strangers lock anybody out. So where a person has signed in before, only what is tried there
//! with their email counts against them. Emails that nobody has are counted alike.
//!
//! This is what is counted, and how long it has to wait; `sign_in_counter` counts it.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use service::Problem;
use service::limits::{LimitSettings, Limited};
use service::settings::Network;
use sha2::Sha256;

use crate::fields::{ClaimedEmail, Email};

/// A keyed hash: HMAC-SHA-256.
pub(crate) type Hash = [u8; 32];

/// How long attempts have to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waits {
    /// So many need not, the last of these makes the next one wait.
    pub(crate) free: i32,
    /// The longest wait, in seconds.
    pub(crate) longest_seconds: u32,
}

/// What an attempt is counted by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subjects {
    pub(crate) email: Hash,
    pub(crate) network: Option<Hash>,
    /// Both together: what is known of a person, and what is counted there.
    pub(crate) email_at_network: Option<Hash>,
}

/// Too many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyAttempts {
    /// When the next may come.
    pub(crate) until: DateTime<Utc>,
    /// When this one came.
    pub(crate) now: DateTime<Utc>,
}

impl Subjects {
    /// Of an attempt with this name, from there.
    pub(crate) fn of(key: &Hash, name: &str, network: Option<Network>) -> Self {
        let claimed = ClaimedEmail::read(name);
        let email = claimed.as_ref().map_or(name, |claimed| claimed.normal.as_str()).as_bytes();
        let network = network.map(|network| network.to_string());
        let network = network.as_ref().map(String::as_bytes);
        Self {
            email: hash(key, &[b"email", email]),
            network: network.map(|network| hash(key, &[b"network", network])),
            email_at_network: network
                .map(|network| hash(key, &[b"email at network", email, network])),
        }
    }
}

/// What a request for a link to choose another password is counted by: the email, and the network. Guesses at the
/// password are counted apart.
pub(crate) fn reset_subjects(
    key: &Hash,
    email: &Email,
    network: Option<Network>,
) -> (Hash, Option<Hash>) {
    let network = network.map(|network| network.to_string());
    (
        hash(key, &[b"password reset", email.as_str().as_bytes()]),
        network.map(|network| hash(key, &[b"password resets of network", network.as_bytes()])),
    )
}

/// Since when somebody must have signed in from a network for it to be known.
pub(crate) fn known_since(settings: &LimitSettings, now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::days(settings.sign_in_network_days.into())
}

impl Waits {
    pub(crate) fn of_an_email(settings: &LimitSettings) -> Self {
        Self::after(settings.sign_in_attempts_per_email, settings)
    }

    pub(crate) fn of_a_network(settings: &LimitSettings) -> Self {
        Self::after(settings.sign_in_attempts_per_network, settings)
    }

    fn after(free: u32, settings: &LimitSettings) -> Self {
        let free = i32::try_from(free).unwrap_or(i32::MAX);
        Self { free, longest_seconds: settings.sign_in_lockout_seconds }
    }

    /// After so long without an attempt, nothing of them is left.
    pub(crate) fn forgotten_after(self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.longest_seconds) * 4)
    }
}

impl From<TooManyAttempts> for Problem {
    fn from(TooManyAttempts { until, now }: TooManyAttempts) -> Self {
        let wait = (until - now).to_std().unwrap_or_default();
        let until = until.format("%Y-%m-%dT%H:%M:%SZ");
        Limited::after(wait)
            .problem(format!("Too many attempts to sign in. The next may come after {until}."))
    }
}

/// Length-prefixed, so that no two subjects have the same text.
fn hash(key: &Hash, parts: &[&[u8]]) -> Hash {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_told_apart_and_only_with_the_key() {
        let (one, other) = ([1; 32], [2; 32]);
        let email = hash(&one, &[b"email", b"a@example.com"]);
        assert_eq!(email, hash(&one, &[b"email", b"a@example.com"]));
        assert_ne!(email, hash(&other, &[b"email", b"a@example.com"]));
        assert_ne!(email, hash(&one, &[b"network", b"a@example.com"]));
        assert_ne!(hash(&one, &[b"ab", b"c"]), hash(&one, &[b"a", b"bc"]));
    }
}
