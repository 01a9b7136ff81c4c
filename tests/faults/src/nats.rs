//! NATS: one server on which each service has an account to itself, or three in a cluster with one account.

use std::path::PathBuf;

use anyhow::Context;
use contract::{Environment, Service};
use local_servers::{Nats, NatsOptions, NatsUser};
use mandate::nats_accounts;

use crate::process::free_port;

/// The stream of somebody who takes all the room.
pub(crate) const FILLER: &str = "FILLER";

/// A store that can be filled.
#[derive(Debug, Clone)]
pub(crate) struct SmallStore {
    /// How many bytes a server may store.
    pub(crate) bytes: u64,
    /// Where, if not in a folder as any.
    pub(crate) folder: Option<PathBuf>,
}

/// Starts so many servers, one or three, with a user who may do everything in the account of the streams. A single one
/// may have a small store.
pub(crate) async fn start(
    servers: usize,
    user: &str,
    store: Option<SmallStore>,
) -> anyhow::Result<Vec<Nats>> {
    let user = NatsUser {
        // The same on every server.
        password: Some(new_password()),
        ..NatsUser::unlimited(user)
    };
    if servers == 1 {
        let mut options = nats_accounts::separate(NatsOptions::throwaway(Vec::new())?);
        options.users.push(user);
        if let Some(SmallStore { bytes, folder }) = store {
            options.max_file_store = bytes;
            options.data_dir = folder.unwrap_or(options.data_dir);
        }
        return Ok(vec![Nats::start(options).await?]);
    }
    let ports = [free_port()?, free_port()?, free_port()?];
    let routes: Vec<String> =
        ports.iter().map(|port| format!("\"nats-route://127.0.0.1:{port}\"")).collect();
    let mut starting = Vec::new();
    for (place, port) in ports.iter().enumerate() {
        // Not advertised: clients would go around the proxies.
        let cluster = format!(
            "cluster {{\n  name: faults\n  listen: \"127.0.0.1:{port}\"\n  no_advertise: true\n  routes: [{}]\n}}",
            routes.join(", ")
        );
        let options = NatsOptions {
            server_name: Some(format!("nats-{place}")),
            extra_config: Some(cluster),
            ..NatsOptions::throwaway(vec![user.clone()])?
        };
        starting.push(Nats::start(options));
    }
    Ok(futures::future::try_join_all(starting).await?)
}

/// The variables with which services log in to these servers by these ports. Where there is one, each service logs
/// in to its account.
pub(crate) fn variables(
    servers: &[Nats],
    ports: &[u16],
    user: &str,
) -> anyhow::Result<Vec<(String, String)>> {
    let urls = |user: &str| {
        let password = servers[0].password_of(user).with_context(|| user.to_owned())?;
        let url = |port| format!("nats://{user}:{password}@127.0.0.1:{port}");
        anyhow::Ok(ports.iter().map(url).collect::<Vec<_>>().join(","))
    };
    if servers.len() > 1 {
        return Ok(vec![("MANDATE_NATS__URL".to_owned(), urls(user)?)]);
    }
    let mut variables = vec![
        ("MANDATE_NATS__SEPARATE_ACCOUNTS".to_owned(), "true".to_owned()),
        ("MANDATE_NATS__ADMIN_URL".to_owned(), urls(nats_accounts::ADMIN)?),
    ];
    for service in Service::ALL {
        let name = service.name().to_uppercase();
        variables.push((format!("MANDATE_LOGINS__{name}__NATS_URL"), urls(service.name())?));
    }
    Ok(variables)
}

fn new_password() -> String {
    Environment::system()
        .bytes::<16>()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
