//! What an operator lists to be reached.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::settings::Network;

/// A host by its name, or a network: `idp.internal`, `10.1.0.0/16`, `127.0.0.1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Destination {
    /// A host, in lower case.
    Host(String),
    /// A network.
    Network(Network),
}

/// Text that is neither a host nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a host name nor a network")]
pub struct InvalidDestination(String);

impl Destination {
    pub(super) fn is_host(&self, name: &str) -> bool {
        matches!(self, Self::Host(host) if host.eq_ignore_ascii_case(name.trim_end_matches('.')))
    }
}

/// Whether one of these is a network that the address belongs to.
pub(super) fn contain(listed: &[Destination], address: IpAddr) -> bool {
    let networks = listed.iter().filter_map(|listed| match listed {
        Destination::Network(network) => Some(network),
        Destination::Host(_) => None,
    });
    networks.into_iter().any(|network| network.contains(address))
}

impl FromStr for Destination {
    type Err = InvalidDestination;
    fn from_str(text: &str) -> Result<Self, InvalidDestination> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        let named = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        // What ends in a number is an address that was mistyped.
        let lettered = text
            .rsplit('.')
            .next()
            .is_some_and(|label| label.bytes().any(|b| b.is_ascii_alphabetic()));
        if !named || !lettered || text.starts_with('.') {
            return Err(InvalidDestination(text.chars().take(64).collect()));
        }
        Ok(Self::Host(text.to_ascii_lowercase()))
    }
}

impl TryFrom<String> for Destination {
    type Error = InvalidDestination;
    fn try_from(text: String) -> Result<Self, InvalidDestination> {
        text.parse()
    }
}

impl From<Destination> for String {
    fn from(destination: Destination) -> Self {
        destination.to_string()
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => f.write_str(host),
            Self::Network(network) => network.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_a_host_or_a_network() {
        for text in ["idp.internal", "localhost", "10.0.0.0/8", "127.0.0.1/32", "fd00::/8"] {
            assert_eq!(text.parse::<Destination>().unwrap().to_string(), text);
        }
        for text in ["", ".", "http://idp", "10.0.0.0.0/8", "10.0.0", "a_b/8", "*.internal"] {
            assert!(text.parse::<Destination>().is_err(), "{text}");
        }
        let host: Destination = "IdP.internal".parse().unwrap();
        assert!(host.is_host("idp.INTERNAL") && host.is_host("idp.internal."));
        assert!(!host.is_host("other.idp.internal"));
    }
}
