//! Which log is asked for, and whether whoever asks may read it.
//!
//! A log that goes on from another after a restore has other bytes in the same places. So that no cache mixes the two,
//! each is below a prefix of its own, which is what its origin says: the first one below `/audit/log`, the second below
//! `/audit/log/2`. The log that there is, whichever it is, is below `/audit/log`, too.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use service::{Attempt, Problem};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use super::whole_log;
use crate::Audit;
use crate::log::names;
use crate::store::log_keys;

/// The path's parameter that says which log is asked for.
const NUMBER: &str = "number";

/// A request for a file of a log.
pub(super) struct Asked {
    audit: Arc<Audit>,
    /// Whoever asks; nobody in particular may.
    asking: Result<Attempt, Problem>,
    /// The log's number; none if the one that there is was asked for.
    number: Option<String>,
}

/// A log that whoever asks may read.
pub(super) struct Log {
    pub(super) audit: Arc<Audit>,
    pub(super) conn: PoolConnection<Postgres>,
    /// No other log was ever below the prefix that was asked.
    pub(super) has_prefix_alone: bool,
}

impl FromRequestParts<Arc<Audit>> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, audit: &Arc<Audit>) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, audit).await;
        let params = params.map_err(|_| not_there("There is nothing at this address."))?;
        let number = params.iter().find(|(name, _)| *name == NUMBER);
        let number = number.map(|(_, number)| number.to_owned());
        let asking = Attempt::from_request_parts(parts, audit).await;
        Ok(Self { audit: Arc::clone(audit), asking, number })
    }
}

impl Asked {
    /// Lets in everybody, if the log is public; else those who may read the whole of it.
    pub(super) async fn for_hashes(self) -> Result<Log, Problem> {
        if self.audit.public_log {
            open(self.audit, self.number.as_deref()).await
        } else {
            self.for_all("log.read").await
        }
    }

    /// Lets in those who may read the whole log.
    pub(super) async fn for_entries(self) -> Result<Log, Problem> {
        self.for_all("log.read-entries").await
    }

    async fn for_all(self, operation: &'static str) -> Result<Log, Problem> {
        whole_log::check(&self.asking?, operation).await?;
        open(self.audit, self.number.as_deref()).await
    }
}

async fn open(audit: Arc<Audit>, number: Option<&str>) -> Result<Log, Problem> {
    let mut conn = audit.resources.pool.acquire().await?;
    let names = log_keys::origins(&mut conn).await?;
    let has_prefix_alone = has_prefix_alone(&names, number).ok_or_else(|| {
        not_there("There is no log of this number: it has ended, or there was never one.")
    })?;
    Ok(Log { audit, conn, has_prefix_alone })
}

/// Whether of the logs of these names the last one alone was ever below the prefix with this number, or without one.
/// Nothing if it is not below that prefix.
fn has_prefix_alone(names: &[String], number: Option<&str>) -> Option<bool> {
    let Some(number) = number else { return Some(names.len() < 2) };
    let (first, last) = (names.first()?, names.last()?);
    let is_it = *last == format!("{first}/{number}") && names::number(names, last).is_some();
    is_it.then_some(true)
}

/// What is not there may be there later: nobody is to remember that it was not.
pub(super) fn not_there(why: &'static str) -> Problem {
    let problem = Problem::not_found("not-found", why);
    problem.with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(names: &[&str], number: Option<&str>) -> Option<bool> {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        has_prefix_alone(&names, number)
    }

    #[test]
    fn each_log_has_a_prefix_alone_and_the_one_that_there_is_has_the_first_ones_too() {
        assert_eq!(alone(&["log"], None), Some(true));
        assert_eq!(alone(&["log", "log/2"], None), Some(false));
        assert_eq!(alone(&["log", "log/2"], Some("2")), Some(true));
        // A database that was restored again does not know of the second.
        assert_eq!(alone(&["log", "log/3"], Some("3")), Some(true));
        // A name that was given is nobody's prefix.
        assert_eq!(alone(&["log", "other"], None), Some(false));
        assert_eq!(alone(&["log", "other/2"], Some("2")), None);
        // Nothing signs the tree.
        assert_eq!((alone(&[], None), alone(&[], Some("2"))), (Some(true), None));
    }

    #[test]
    fn a_log_that_ended_or_never_was_is_at_no_prefix() {
        for number in ["", "0", "1", "2", "4", "03", "+3", "log", "3/2"] {
            assert_eq!(alone(&["log", "log/2", "log/3"], Some(number)), None, "{number}");
        }
        for number in ["1", "2"] {
            assert_eq!(alone(&["log"], Some(number)), None, "{number}");
        }
    }
}
