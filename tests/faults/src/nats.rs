//! NATS: one server, or three in a cluster.

use std::path::PathBuf;

use contract::Environment;
use local_servers::{Nats, NatsOptions, NatsUser};

use crate::process::free_port;

/// A store that can be filled.
#[derive(Debug, Clone)]
pub(crate) struct SmallStore {
    /// How many bytes a server may store.
    pub(crate) bytes: u64,
    /// Where, if not in a folder as any.
    pub(crate) folder: Option<PathBuf>,
}

/// Starts so many servers, one or three, with one user who may do everything. A single one may have a small store.
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
        let mut options = NatsOptions::throwaway(vec![user])?;
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

fn new_password() -> String {
    Environment::system()
        .bytes::<16>()
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
