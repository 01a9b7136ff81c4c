//! Logging.
//!
//! # The log line
//!
//! With [`LogFormat::Json`], every line on standard error is an object with `timestamp` (RFC 3339,
//! UTC), `level`, `target` (the module) and `message`. A line that belongs to a request has in
//! `span` what identifies it:
//!
//! | field | meaning |
//! |---|---|
//! | `span.name` | `request` (HTTP) or `rpc` (a question by another service) |
//! | `span.request_id` | the answer's `x-request-id`, and the context of its events |
//! | `span.trace_id` | the W3C trace, 32 hex digits; the same in all services and events |
//! | `span.correlation` | of an `rpc`: the `correlationid` of the events that follow |
//! | `span.operation` | of an `rpc`: the operation, such as `get-app` |
//!
//! A request's own line has the message `request` and the fields of [`crate::request::observe`];
//! a task's lines (start, failure, restart) have `task`.
//!
//! No line has a secret, an email or a raw path (a consent request's path carries the link's
//! token): only the pattern that the path matched.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::settings::{LogFormat, LogSettings};

/// Why logging did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("the log filter `{filter}` cannot be read: {source}")]
    Filter {
        /// The setting.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Logging has been started already.
    #[error("logging has been started already")]
    AlreadyStarted(#[from] TryInitError),
}

/// Starts logging to standard error, for the rest of the process.
pub fn init(settings: &LogSettings) -> Result<(), TelemetryError> {
    let filter = EnvFilter::try_new(&settings.filter)
        .map_err(|source| TelemetryError::Filter { filter: settings.filter.clone(), source })?;
    let registry = tracing_subscriber::registry().with(filter);
    match settings.format {
        LogFormat::Human => {
            let layer = tracing_subscriber::fmt::layer()
                .with_writer(stderr)
                // It would tell of a line that cannot be written where lines cannot be written, and panic.
                .log_internal_errors(false)
                .with_ansi(stderr().is_terminal())
                .with_target(false);
            registry.with(layer).try_init()?;
        }
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .log_internal_errors(false)
                .with_writer(stderr);
            registry.with(layer).try_init()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        let settings = LogSettings { filter: "mandate=loud".to_owned(), ..LogSettings::default() };
        assert!(init(&settings).unwrap_err().to_string().contains("mandate=loud"));
    }
}
