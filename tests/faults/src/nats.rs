//! NATS: one server, or three in a cluster.

use contract::Environment;
use local_servers::{Nats, NatsOptions, NatsUser};

use crate::process::free_port;

/// Starts so many servers, one or three, with one user who may do everything.
pub(crate) async fn start(servers: usize, user: &str) -> anyhow::Result<Vec<Nats>> {
    let user = NatsUser {
        // The same on every server.
        password: Some(new_password()),
        ..NatsUser::unlimited(user)
    };
    if servers == 1 {
        return Ok(vec![Nats::start(NatsOptions::throwaway(vec![user])?).await?]);
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
