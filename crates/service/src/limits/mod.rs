//! Rate limits of a process (token buckets, by the generic cell rate algorithm): floods are warded off before
//! they cost anything.
//!
//! What they count by is made by strangers, so the memory they take is fixed: see `buckets`. What has to hold
//! over replicas is counted in PostgreSQL, by the service that it concerns.

mod buckets;
mod settings;

use std::net::IpAddr;
use std::time::Duration;

use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::http::{Method, StatusCode};
use contract::PersonId;

use buckets::Buckets;
pub use settings::LimitSettings;

use crate::problem::Problem;
use crate::request::RequestFacts;
use crate::settings::Network;

/// The limits of a process, and how full they are.
#[derive(Debug)]
pub struct RateLimits {
    settings: LimitSettings,
    token_refusals_by_address: Buckets<IpAddr>,
    token_refusals_by_network: Buckets<Network>,
    leak_reports_by_address: Buckets<IpAddr>,
    leak_reports_by_network: Buckets<Network>,
    sign_ins_by_network: Buckets<Network>,
    changes_by_caller: Buckets<PersonId>,
}

/// Too many of something: when the next may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// How long to wait.
    pub wait: Duration,
}

impl RateLimits {
    /// With these settings; nothing was counted yet.
    pub fn new(settings: LimitSettings) -> Self {
        Self {
            token_refusals_by_address: Buckets::a_minute(settings.token_refusals_per_address),
            token_refusals_by_network: Buckets::a_minute(settings.token_refusals_per_network),
            leak_reports_by_address: Buckets::a_minute(settings.leak_reports_per_address),
            leak_reports_by_network: Buckets::a_minute(settings.leak_reports_per_network),
            sign_ins_by_network: Buckets::a_minute(settings.sign_ins_per_network),
            changes_by_caller: Buckets::a_minute(settings.changes_per_caller),
            settings,
        }
    }

    /// The settings.
    pub fn settings(&self) -> &LimitSettings {
        &self.settings
    }

    /// Counts a refused request for a token, by address and network.
    ///
    /// # Errors
    /// When there are too many from there.
    pub fn token_refused(&self, facts: &RequestFacts) -> Result<(), Limited> {
        let (Some(address), Some(network)) = (facts.counted_address(), facts.network()) else {
            return Ok(());
        };
        let by_address = self.token_refusals_by_address.take(&address);
        by_address.and(self.token_refusals_by_network.take(&network))
    }

    /// Counts a report of leaked secrets, by address and network.
    ///
    /// # Errors
    /// When there are too many from there.
    pub fn leak_report(&self, facts: &RequestFacts) -> Result<(), Limited> {
        let (Some(address), Some(network)) = (facts.counted_address(), facts.network()) else {
            return Ok(());
        };
        let by_address = self.leak_reports_by_address.take(&address);
        by_address.and(self.leak_reports_by_network.take(&network))
    }

    /// Counts an attempt to sign in, by network.
    ///
    /// # Errors
    /// When there are too many from there.
    pub fn sign_in(&self, facts: &RequestFacts) -> Result<(), Limited> {
        facts.network().map_or(Ok(()), |network| self.sign_ins_by_network.take(&network))
    }

    /// Counts a request of a person who proved who they are, if it is one that changes something.
    ///
    /// # Errors
    /// When they make too many.
    pub fn change(&self, method: &Method, caller: PersonId) -> Result<(), Limited> {
        if method.is_safe() { Ok(()) } else { self.changes_by_caller.take(&caller) }
    }
}

impl Limited {
    /// Until then.
    pub fn after(wait: Duration) -> Self {
        Self { wait }
    }

    /// In whole seconds, at least one: for `Retry-After` (RFC 9110 section 10.2.3).
    pub fn seconds(self) -> u64 {
        self.wait.as_secs() + u64::from(self.wait.subsec_nanos() > 0 || self.wait.is_zero())
    }

    /// 429 (RFC 6585 section 4) with this explanation.
    pub fn problem(self, detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", detail)
            .with_header(RETRY_AFTER, HeaderValue::from(self.seconds()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_never_as_none() {
        for (millis, seconds) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2)] {
            assert_eq!(Limited::after(Duration::from_millis(millis)).seconds(), seconds);
        }
    }

    #[test]
    fn reading_is_not_counted() {
        let limits = RateLimits::new(LimitSettings { changes_per_caller: 1, ..Default::default() });
        let caller = contract::Environment::system().new_id();
        for _ in 0..3 {
            assert_eq!(limits.change(&Method::GET, caller), Ok(()));
        }
        assert_eq!(limits.change(&Method::POST, caller), Ok(()));
        assert!(limits.change(&Method::DELETE, caller).is_err());
    }
}
