//! Ports on loopback: the one asked for, the one remembered, or a free one.

use std::net::{Ipv4Addr, TcpListener};

use crate::{error::ServerError, version::Server};

/// Chooses the port to listen on. What was asked for must be free; what is merely remembered
/// gives way to a free one.
///
/// The port is free when this looks at it. Someone may take it before the server does, which the
/// caller notices when the server fails, and answers by choosing anew.
pub(crate) fn choose(
    server: Server,
    asked: Option<u16>,
    remembered: Option<u16>,
) -> Result<u16, ServerError> {
    if let Some(port) = asked {
        return if is_free(port) { Ok(port) } else { Err(ServerError::PortTaken { server, port }) };
    }
    match remembered {
        Some(port) if is_free(port) => Ok(port),
        _ => any_free(),
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn any_free() -> Result<u16, ServerError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(ServerError::io("find a free port on", "127.0.0.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_refused_when_asked_for_and_replaced_when_remembered() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();

        let refused = choose(Server::Nats, Some(port), None).unwrap_err();
        assert!(matches!(refused, ServerError::PortTaken { port: p, .. } if p == port));
        assert_ne!(choose(Server::Nats, None, Some(port)).unwrap(), port);

        drop(taken);
        assert_eq!(choose(Server::Nats, None, Some(port)).unwrap(), port);
    }
}
