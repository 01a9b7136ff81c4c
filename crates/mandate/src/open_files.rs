//! Room for connections: each is an open file (RLIMIT_NOFILE).

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use service::StartError;
use service::http::Limits;
use service::settings::HttpSettings;

use crate::configuration::Configuration;

/// Connections to where health is told in detail.
pub(crate) const ADMIN_CONNECTIONS: usize = 64;

/// Files of a process that are neither connections nor a service's own: streams, listeners, what the runtime and
/// a server that is started need.
const BESIDE: usize = 64;

/// Connections of a service beside its pool: relays, whoever stands for leader, NATS.
const BESIDE_THE_POOL: usize = 8;

/// With fewer connections from callers nothing is served.
const LEAST_CONNECTIONS: usize = 32;

/// Raises the limit of open files as far as the configured connections need and as it goes, and limits
/// connections to what is left of it.
///
/// # Errors
/// When next to nothing is left.
pub(crate) fn make_room(
    configuration: &mut Configuration,
    services: usize,
) -> Result<(), StartError> {
    let own = own_files(configuration, services);
    let http = &mut configuration.http;
    let files = raise(own.saturating_add(Limits::from(&*http).most_connections()));
    limit_connections(http, own, files)
}

/// What the process itself has open.
fn own_files(configuration: &Configuration, services: usize) -> usize {
    let pool = usize::try_from(configuration.database.max_connections).unwrap_or(usize::MAX);
    let pools = services.saturating_mul(pool.saturating_add(BESIDE_THE_POOL));
    let admin = configuration.http.admin_listen.map_or(0, |_| {
        let settings =
            HttpSettings { max_connections: ADMIN_CONNECTIONS, ..HttpSettings::default() };
        Limits::from(&settings).most_connections()
    });
    pools.saturating_add(admin).saturating_add(BESIDE)
}

/// Raises the soft limit, and tells what it is now.
fn raise(wanted: usize) -> usize {
    let wanted = wanted as u64;
    let (soft, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok(limits) => limits,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files is not known");
            return usize::MAX;
        }
    };
    let mut limit = soft;
    let raised = wanted.min(hard);
    if raised > soft {
        match setrlimit(Resource::RLIMIT_NOFILE, raised, hard) {
            Ok(()) => limit = raised,
            Err(error) => tracing::warn!(%error, soft, "the limit of open files was not raised"),
        }
    }
    usize::try_from(limit).unwrap_or(usize::MAX)
}

fn limit_connections(http: &mut HttpSettings, own: usize, files: usize) -> Result<(), StartError> {
    let limits = Limits::from(&*http);
    let beyond = limits.most_connections() - http.max_connections;
    let room = files.saturating_sub(own).saturating_sub(beyond);
    if room >= http.max_connections {
        return Ok(());
    }
    if room < LEAST_CONNECTIONS {
        let reason = format!(
            "the process may have {files} files open and needs {}: raise the limit (ulimit -n)",
            own + beyond + LEAST_CONNECTIONS
        );
        return Err(StartError::setting("http.max_connections", reason));
    }
    tracing::warn!(
        files,
        max_connections = room,
        "http.max_connections is more than the limit of open files allows"
    );
    http.max_connections = room;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_limited_to_what_is_left_of_the_open_files() {
        let mut http = HttpSettings { max_connections: 1000, ..HttpSettings::default() };
        let most = Limits::from(&http).most_connections();
        limit_connections(&mut http, 200, 200 + most).unwrap();
        assert_eq!(http.max_connections, 1000);
        limit_connections(&mut http, 200, 1024).unwrap();
        assert_eq!(200 + Limits::from(&http).most_connections(), 1024);
        let error = limit_connections(&mut http, 200, 256).unwrap_err();
        assert!(error.to_string().contains("ulimit -n"), "{error}");
    }

    #[test]
    fn few_connections_need_few_files() {
        let mut http = HttpSettings { max_connections: 4, ..HttpSettings::default() };
        limit_connections(&mut http, 50, 128).unwrap();
        assert_eq!(http.max_connections, 4);
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes_and_never_lowered() {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        assert!(raise(1) as u64 >= soft);
        assert_eq!(raise(usize::MAX) as u64, hard);
    }
}
