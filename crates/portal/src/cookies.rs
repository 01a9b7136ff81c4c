//! Cookies: the session's token, and the language that somebody chose.
//!
//! On https the session's has the prefix `__Host-` (RFC 6265bis section 4.1.3.2): no other host and no other path
//! can set it. On http, which is loopback or a network at home, browsers refuse it, and so it has another name.

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HeaderValue};
use contract::secret::SessionToken;

/// The cookie of the language.
pub(crate) const LANGUAGE: &str = "mandate_language";

/// A year.
const LANGUAGE_SECONDS: u32 = 31_536_000;

/// A sign-in elsewhere takes at most so long.
const SIGN_IN_SECONDS: u32 = 600;

/// How the session's cookie is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionCookie {
    secure: bool,
}

impl SessionCookie {
    /// For callers that reach the portal at this address.
    pub(crate) fn at(base_url: &str) -> Self {
        Self { secure: base_url.starts_with("https:") }
    }

    /// Whether the portal is reached by https.
    pub(crate) const fn is_secure(self) -> bool {
        self.secure
    }

    const fn name(self) -> &'static str {
        if self.secure { "__Host-mandate_session" } else { "mandate_session" }
    }

    /// The token that a request brings.
    pub(crate) fn token(self, headers: &HeaderMap) -> Option<SessionToken> {
        read(headers, self.name()).and_then(|value| SessionToken::parse(value).ok())
    }

    /// Keeps a token until the browser is closed; the session may end before.
    pub(crate) fn set(self, token: &SessionToken) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text =
            format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}", self.name(), token.reveal());
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    const fn waiting_name(self) -> &'static str {
        if self.secure { "__Host-mandate_sign_in" } else { "mandate_sign_in" }
    }

    /// What a sign-in that was begun elsewhere is completed with.
    pub(crate) fn waiting(self, headers: &HeaderMap) -> Option<&str> {
        read(headers, self.waiting_name())
    }

    /// Keeps it as long as a sign-in can take.
    pub(crate) fn set_waiting(self, value: &str) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        // Nothing in it ends the value (RFC 6265 section 4.1.1).
        if value.contains([';', ',', ' ', '"', '\\']) {
            return None;
        }
        let text = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={SIGN_IN_SECONDS}",
            self.waiting_name()
        );
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Forgets it.
    pub(crate) fn clear_waiting(self) -> HeaderValue {
        HeaderValue::from_static(if self.secure {
            "__Host-mandate_sign_in=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"
        } else {
            "mandate_sign_in=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        })
    }

    const fn kept_name(self) -> &'static str {
        if self.secure { "__Host-mandate_form" } else { "mandate_form" }
    }

    /// The form that somebody filled in before they went to sign in elsewhere.
    pub(crate) fn kept(self, headers: &HeaderMap) -> Option<&str> {
        read(headers, self.kept_name())
    }

    /// Keeps it as long as a sign-in can take; an empty one is forgotten.
    pub(crate) fn set_kept(self, value: &str) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let age = if value.is_empty() { 0 } else { SIGN_IN_SECONDS };
        let name = self.kept_name();
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={age}");
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Forgets the token.
    pub(crate) fn clear(self) -> HeaderValue {
        HeaderValue::from_static(if self.secure {
            "__Host-mandate_session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"
        } else {
            "mandate_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        })
    }
}

/// Keeps the choice of a language.
pub(crate) fn keep_language(tag: &'static str) -> Option<HeaderValue> {
    let text = format!("{LANGUAGE}={tag}; Path=/; SameSite=Lax; Max-Age={LANGUAGE_SECONDS}");
    HeaderValue::from_str(&text).ok()
}

/// The first cookie of this name (RFC 6265 section 5.4).
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(cookie: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(cookie))])
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let headers = with("a=1; mandate_language=fr ; xmandate_language=en");
        assert_eq!(read(&headers, LANGUAGE), Some("fr"));
        assert_eq!(read(&headers, "language"), None);
    }

    #[test]
    fn what_is_no_session_token_is_nobodys() {
        let cookie = SessionCookie::at("http://127.0.0.1:8080");
        assert!(cookie.token(&with("mandate_session=anything")).is_none());
        assert!(cookie.token(&with("mandate_session=")).is_none());
    }

    #[test]
    fn on_https_no_other_host_can_set_the_session() {
        let (https, http) =
            (SessionCookie::at("https://m.example"), SessionCookie::at("http://m.local"));
        assert!(https.clear().to_str().unwrap().starts_with("__Host-"));
        assert!(https.clear().to_str().unwrap().contains("; Secure"));
        // Safari refuses Secure there.
        assert!(!http.clear().to_str().unwrap().contains("Secure"));
    }
}
