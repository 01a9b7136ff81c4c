//! A redirection endpoint (RFC 6749 section 3.1.2): where the browser is sent with an authorization code.
//!
//! It is kept and compared as the exact characters that were registered (RFC 9700 section 2.1): nothing is
//! decoded, completed or put in order. So what different parsers could read as different addresses is refused
//! (RFC 9700 section 4.1).

use url::{Host, Url};

/// An address that can be a redirection endpoint, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RedirectUri(String);

/// Why an address can be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidRedirectUri {
    /// Nothing.
    #[error("is required")]
    Empty,
    /// Too long.
    #[error("has more than {} characters", RedirectUri::LONGEST)]
    TooLong,
    /// Space, control characters, other alphabets, or what RFC 3986 has no use for.
    #[error(
        "has characters that no URI has; others than ASCII are percent-encoded, with two hex digits each"
    )]
    Characters,
    /// Exact comparison knows none.
    #[error("has a `*`: a redirect URI is compared exactly, character by character")]
    Wildcard,
    /// RFC 6749 section 3.1.2 forbids it.
    #[error("has a fragment, the part behind `#`")]
    Fragment,
    /// Other than `https`, but for loopback.
    #[error("must begin with https://, or with http:// on loopback: 127.0.0.1, [::1] or localhost")]
    Scheme,
    /// A name or password in it.
    #[error("has a name or a password before the host")]
    UserInfo,
    /// No host, or one that parsers could read in several ways.
    #[error("has no host in its plain form")]
    Host,
}

impl RedirectUri {
    /// At most so many characters, which are bytes.
    pub(crate) const LONGEST: usize = 2048;

    /// Reads an address.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidRedirectUri> {
        if text.is_empty() {
            return Err(InvalidRedirectUri::Empty);
        }
        if text.len() > Self::LONGEST {
            return Err(InvalidRedirectUri::TooLong);
        }
        check_characters(text)?;
        let (secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(InvalidRedirectUri::Scheme),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(InvalidRedirectUri::UserInfo);
        }
        let url = Url::parse(text).map_err(|_| InvalidRedirectUri::Host)?;
        if !secure && !is_loopback(&url) {
            return Err(InvalidRedirectUri::Scheme);
        }
        if !is_plain(&url, authority) {
            return Err(InvalidRedirectUri::Host);
        }
        Ok(Self(text.to_owned()))
    }

    /// The exact characters.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_characters(text: &str) -> Result<(), InvalidRedirectUri> {
    if text.contains('#') {
        return Err(InvalidRedirectUri::Fragment);
    }
    if text.contains('*') {
        return Err(InvalidRedirectUri::Wildcard);
    }
    // RFC 3986 section 2: unreserved and reserved characters, and percent-encoded ones.
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()+,;=%".contains(&byte);
    let encoded = text.split('%').skip(1).all(|rest| {
        rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if text.bytes().all(known) && encoded { Ok(()) } else { Err(InvalidRedirectUri::Characters) }
}

/// 127.0.0.0/8, `[::1]` and `localhost` (RFC 8252 section 7.3): what leaves the machine never.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether the host, and the port, are written as they are read: no `127.1`, no encoded letters, no empty port.
fn is_plain(url: &Url, authority: &str) -> bool {
    let Some(host) = url.host_str() else { return false };
    let letters = match url.host() {
        Some(Host::Domain(name)) => {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
        _ => true,
    };
    let Some((written, port)) = authority.split_at_checked(host.len()) else { return false };
    let port = match port.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty(),
        None => port.is_empty(),
    };
    letters && written.eq_ignore_ascii_case(host) && port
}

#[cfg(test)]
mod tests {
    use super::*;
    use InvalidRedirectUri::{
        Characters, Empty, Fragment, Host, Scheme, TooLong, UserInfo, Wildcard,
    };

    #[test]
    fn https_anywhere_and_http_on_loopback_are_kept_as_they_are() {
        for text in [
            "https://example.com",
            "https://example.com/",
            "https://Example.COM/Callback?tenant=7&x=%2F",
            "https://example.com:8443/oauth/callback",
            "https://example.com/@me/(a)'b'",
            "https://xn--bcher-kva.example/cb",
            "https://192.0.2.7/cb",
            "https://[2001:db8::7]:8443/cb",
            "http://127.0.0.1/cb",
            "http://127.8.9.10:51004/cb",
            "http://[::1]:51004/cb",
            "http://localhost:3000/cb",
            "http://localhost?x=1",
        ] {
            assert_eq!(RedirectUri::parse(text).unwrap().as_str(), text);
        }
        let longest = format!("https://example.com/{}", "a".repeat(2048 - 20));
        assert!(RedirectUri::parse(&longest).is_ok());
        assert_eq!(RedirectUri::parse(&format!("{longest}a")), Err(TooLong));
    }

    #[test]
    fn what_could_be_read_in_several_ways_or_leads_elsewhere_is_refused() {
        for (text, why) in [
            ("", Empty),
            ("/callback", Scheme),
            ("example.com/cb", Scheme),
            ("HTTPS://example.com/cb", Scheme),
            ("http://example.com/cb", Scheme),
            ("http://localhost.example.com/cb", Scheme),
            ("http://10.0.0.1/cb", Scheme),
            ("http://127.0.0.1.example.com/cb", Scheme),
            ("com.example.app:/cb", Scheme),
            ("javascript:alert(1)", Scheme),
            ("data:text/html,x", Scheme),
            ("urn:ietf:wg:oauth:2.0:oob", Scheme),
            ("https:example.com/cb", Scheme),
            ("https:///example.com/cb", Host),
            ("https://", Host),
            ("https://?x", Host),
            ("https://:443/cb", Host),
            ("https://example.com:/cb", Host),
            ("https://example.com:99999/cb", Host),
            ("https://ex%61mple.com/cb", Host),
            ("https://exam_ple.com,evil.com/cb", Host),
            ("http://127.1/cb", Host),
            ("http://0x7f.0.0.1/cb", Host),
            ("http://2130706433/cb", Host),
            ("http://[0:0:0:0:0:0:0:1]/cb", Host),
            ("https://example.com/cb#fragment", Fragment),
            ("https://example.com/cb#", Fragment),
            ("https://user@example.com/cb", UserInfo),
            ("https://user:password@example.com/cb", UserInfo),
            ("https://@example.com/cb", UserInfo),
            ("https://example.com@evil.example/cb", UserInfo),
            ("https://*.example.com/cb", Wildcard),
            ("https://example.com/*", Wildcard),
            ("https://example.com/c b", Characters),
            (" https://example.com/cb", Characters),
            ("https://example.com/cb\n", Characters),
            ("https://example.com/c\tb", Characters),
            ("https://example.com\\@evil.example/cb", Characters),
            ("https://example.com/\"cb", Characters),
            ("https://example.com/<cb>", Characters),
            ("https://bücher.example/cb", Characters),
            ("https://example.com/%", Characters),
            ("https://example.com/%zz", Characters),
            ("https://example.com/%2", Characters),
        ] {
            assert_eq!(RedirectUri::parse(text), Err(why), "{text:?}");
        }
    }
}
