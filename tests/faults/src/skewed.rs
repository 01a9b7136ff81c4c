//! A replica whose clock is behind: the product as a library, with a clock of our own.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use contract::environment::Clock;
use contract::{Environment, Service};
use mandate::cli::Overrides;
use mandate::configuration::Configuration;
use mandate::system::System;
use tokio::signal::unix::{SignalKind, signal};

/// The machine's clock, set back.
struct Behind {
    machine: Environment,
    by: Duration,
}

impl Clock for Behind {
    fn now(&self) -> DateTime<Utc> {
        self.machine.now() - self.by
    }
}

/// Serves all services as `mandate serve` does, with the configuration of the environment and a
/// clock that is so many seconds behind, until it is asked to end.
///
/// # Errors
/// When it does not start.
pub async fn serve(seconds: i64, listen: std::net::SocketAddr) -> anyhow::Result<()> {
    let flags = Overrides { listen: Some(listen), ..Overrides::default() };
    let configuration = Configuration::load(None, std::env::vars(), &flags)?;
    service::telemetry::init(&configuration.log)?;
    let environment = Environment::with_clock(Arc::new(Behind {
        machine: Environment::system(),
        by: Duration::seconds(seconds),
    }));
    let mut asked = signal(SignalKind::terminate())?;
    let system = Box::pin(System::start(configuration, &Service::ALL, environment)).await?;
    asked.recv().await;
    system.stop().await;
    Ok(())
}
