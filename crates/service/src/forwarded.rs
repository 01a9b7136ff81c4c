//! Where a caller is, as the proxies before us write it: in `X-Forwarded-For`, which no standard describes, or in
//! `Forwarded` (RFC 7239).
//!
//! A proxy adds itself at the right; what stands to the left of the proxies that are trusted can be made up by the
//! caller. So both are read from right to left, and no further than to the caller: nothing that a caller wrote, such
//! as a quote that does not end, changes how what stands to its right is read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, header};
use serde::{Deserialize, Serialize};

use crate::network::Network;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// In which header the trusted proxies say where a request comes from.
///
/// It is one of them: a proxy that writes the one hands on the other as its client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// Which proxies are believed, and what they write.
#[derive(Debug, Clone)]
pub(crate) struct Forwarding {
    trusted: Arc<[Network]>,
    header: ForwardedHeader,
}

impl Forwarding {
    /// These, who say it in this header.
    pub(crate) fn by(trusted: &[Network], header: ForwardedHeader) -> Self {
        Self { trusted: trusted.into(), header }
    }

    /// The last address that no trusted proxy has. Without a trusted peer the header says nothing.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let is_trusted = |address| self.trusted.iter().any(|network| network.contains(address));
        let mut client = peer;
        let mut hops = self.hops(headers).into_iter();
        while is_trusted(client) {
            match hops.next().flatten() {
                Some(hop) => client = hop.to_canonical(),
                None => break,
            }
        }
        client
    }

    /// Whether somebody forwards requests here who was not named. Where others were named, the header is a
    /// caller's own invention: it must not help them out of what their address is counted for.
    pub(crate) fn is_by_unnamed_proxy(&self, headers: &HeaderMap) -> bool {
        self.trusted.is_empty()
            && [X_FORWARDED_FOR, header::FORWARDED].iter().any(|name| headers.contains_key(name))
    }

    /// Where each hop was, the nearest first; none for one that does not say, or not in a form that is known.
    fn hops(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let (name, read): (_, fn(&str) -> Option<IpAddr>) = match self.header {
            ForwardedHeader::XForwardedFor => (X_FORWARDED_FOR, node),
            ForwardedHeader::Forwarded => (header::FORWARDED, forwarded_for),
        };
        let values: Vec<_> = headers.get_all(name).iter().collect();
        let mut hops = Vec::new();
        for value in values.into_iter().rev() {
            // What a caller wrote can be no text: it must not take along what a proxy added to it.
            let text = String::from_utf8_lossy(value.as_bytes());
            let elements = split_from_the_right(&text, ',');
            hops.extend(elements.into_iter().filter(|element| !element.is_empty()).map(read));
        }
        hops
    }
}

/// The parts of a text between separators that are not quoted, the last first.
fn split_from_the_right(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut end, mut quoted) = (Vec::new(), text.len(), false);
    for (at, character) in text.char_indices().rev() {
        if character == '"' {
            quoted = !quoted;
        } else if character == separator && !quoted {
            parts.push(text[at + separator.len_utf8()..end].trim());
            end = at;
        }
    }
    parts.push(text[..end].trim());
    parts
}

/// The node in the parameter `for` of an element of `Forwarded` (RFC 7239 section 4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut pairs = split_from_the_right(element, ';').into_iter();
    let value = pairs.find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    });
    node(value?)
}

/// The address in what a proxy writes of a hop: `203.0.113.9`, `203.0.113.9:4711`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:4711`, `fe80::1%eth0`, each quoted or not. None of `unknown` and of made-up names such as `_proxy`.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if let Some(bracketed) = text.strip_prefix('[') {
        let (address, rest) = bracketed.split_once(']')?;
        return is_port(rest).then(|| ipv6(address)).flatten();
    }
    match text.split_once(':') {
        Some((address, port)) if !port.contains(':') => {
            let address: Ipv4Addr = address.parse().ok()?;
            is_port(&text[text.len() - port.len() - 1..]).then_some(address.into())
        }
        Some(_) => ipv6(text),
        None => text.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// An IPv6 address, without the zone that some append (RFC 4007 section 11): it means something only there.
fn ipv6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    address.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

/// Whether this is nothing, or a colon with a port's number or made-up name (RFC 7239 section 6).
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else {
        return text.is_empty();
    };
    port.parse::<u16>().is_ok() || port.strip_prefix('_').is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    fn forwarding(header: ForwardedHeader, trusted: &[&str]) -> Forwarding {
        let trusted = trusted.iter().map(|network| network.parse().unwrap()).collect();
        Forwarding { trusted, header }
    }

    fn client(header: ForwardedHeader, values: &[&[u8]]) -> String {
        let name = match header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => header::FORWARDED,
        };
        let value = |value: &&[u8]| (name.clone(), HeaderValue::from_bytes(value).unwrap());
        let headers = values.iter().map(value).collect();
        forwarding(header, &["10.0.0.0/8"]).client(PEER, &headers).to_string()
    }

    fn by_x_forwarded_for(values: &[&str]) -> String {
        let values: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
        client(ForwardedHeader::XForwardedFor, &values)
    }

    fn by_forwarded(values: &[&str]) -> String {
        let values: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
        client(ForwardedHeader::Forwarded, &values)
    }

    #[test]
    fn every_form_that_proxies_write_is_read() {
        for (node, address) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:203.0.113.9]:4711", "203.0.113.9"),
            ("203.0.113.9:_obfuscated", "203.0.113.9"),
        ] {
            assert_eq!(by_x_forwarded_for(&[node]), address, "{node}");
            assert_eq!(by_x_forwarded_for(&[&format!("\"{node}\"")]), address, "{node}");
            assert_eq!(by_x_forwarded_for(&[&format!("6.6.6.6,  {node} ,10.0.0.2")]), address);
            let element = format!("by=_proxy;FOR=\"{node}\" ; proto=https;host=\"a,b;for=c\"");
            assert_eq!(by_forwarded(&[&element]), address, "{element}");
        }
    }

    #[test]
    fn what_says_no_address_leaves_the_one_before() {
        let peer = PEER.to_string();
        for node in [
            "unknown",
            "_hidden",
            "203.0.113.9:x",
            "203.0.113.9:99999",
            "[203.0.113.9]",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "203.0.113",
        ] {
            assert_eq!(by_x_forwarded_for(&["192.0.2.7", node]), peer, "{node}");
            assert_eq!(by_forwarded(&["for=192.0.2.7", &format!("for={node};by=x")]), peer);
        }
        assert_eq!(by_forwarded(&["for=192.0.2.7, proto=https"]), peer);
        assert_eq!(by_forwarded(&["for=192.0.2.7, for="]), peer);
        // A list can have empty elements (RFC 9110 section 5.6.1.2).
        assert_eq!(by_x_forwarded_for(&["192.0.2.7,, ", ""]), "192.0.2.7");
        assert_eq!(by_x_forwarded_for(&["192.0.2.7, unknown, 10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn addresses_count_only_from_trusted_proxies() {
        assert_eq!(by_x_forwarded_for(&["6.6.6.6, 192.0.2.7", "10.0.0.2"]), "192.0.2.7");
        assert_eq!(by_forwarded(&["for=6.6.6.6, for=192.0.2.7", "for=10.0.0.2"]), "192.0.2.7");
        let headers =
            HeaderMap::from_iter([(X_FORWARDED_FOR, HeaderValue::from_static("192.0.2.7"))]);
        for header in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded] {
            let nobody = forwarding(header, &[]);
            assert_eq!(nobody.client(PEER, &headers), PEER);
            assert!(nobody.is_by_unnamed_proxy(&headers));
            assert!(!nobody.is_by_unnamed_proxy(&HeaderMap::new()));
            assert!(!forwarding(header, &["10.0.0.0/8"]).is_by_unnamed_proxy(&headers));
        }
    }

    #[test]
    fn of_the_two_headers_the_other_is_not_believed() {
        let headers = HeaderMap::from_iter([
            (X_FORWARDED_FOR, HeaderValue::from_static("6.6.6.6")),
            (header::FORWARDED, HeaderValue::from_static("for=192.0.2.7")),
        ]);
        for (header, address) in
            [(ForwardedHeader::XForwardedFor, "6.6.6.6"), (ForwardedHeader::Forwarded, "192.0.2.7")]
        {
            let client = forwarding(header, &["10.0.0.0/8"]).client(PEER, &headers);
            assert_eq!(client.to_string(), address);
        }
    }

    /// Nothing that a caller sends makes their address another than the proxy saw.
    #[test]
    fn what_a_caller_writes_does_not_change_how_a_proxy_is_read() {
        for made_up in ["\"", "for=\"", "for=\"1.1.1.1", "\\\"", ";", "=,\";", "\u{ff}", "1.1.1.1"]
        {
            let appended = |by_proxy: &str| format!("{made_up}, {by_proxy}");
            let x_forwarded_for = appended("203.0.113.9:4711");
            assert_eq!(by_x_forwarded_for(&["1.1.1.1", &x_forwarded_for]), "203.0.113.9");
            let forwarded = appended("for=\"[2001:db8::1]:4711\"");
            assert_eq!(by_forwarded(&["for=1.1.1.1", &forwarded]), "2001:db8::1", "{made_up}");
        }
        let no_text = b"\xff\xfe, 203.0.113.9";
        let found = client(ForwardedHeader::XForwardedFor, &[b"1.1.1.1", no_text]);
        assert_eq!(found, "203.0.113.9");
    }
}
