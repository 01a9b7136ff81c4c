//! What a sign-in is completed with, while the browser is at the provider.

use contract::ids::SignInId;
use url::form_urlencoded::{Serializer, parse};

use crate::then::Then;

const THEN: &str = "then";

/// The most bytes that where it goes on may take: browsers keep cookies of at most 4096 (RFC 6265 section 6.1).
const LONGEST_THEN: usize = 3072;

/// A sign-in that was begun in this browser, as its cookie has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) id: SignInId,
    pub(super) binding: String,
    /// Where it goes on.
    pub(super) then: Then,
}

impl Waiting {
    /// The cookie's value. A path can have what ends a cookie (`;` and `,`), so it is encoded; one that is too long for
    /// a cookie is left out, and it goes on at the start page.
    pub(super) fn write(&self) -> String {
        let encode =
            |then: &Then| Serializer::new(String::new()).append_pair(THEN, then.path()).finish();
        let mut then = encode(&self.then);
        if then.len() > LONGEST_THEN {
            then = encode(&Then::default());
        }
        format!("{}.{}.{then}", self.id, self.binding)
    }

    pub(super) fn read(cookie: &str) -> Option<Self> {
        let mut parts = cookie.splitn(3, '.');
        let id = parts.next()?.parse().ok()?;
        let binding = parts.next()?.to_owned();
        let (_, then) = parse(parts.next()?.as_bytes()).find(|(name, _)| name == THEN)?;
        Some(Self { id, binding, then: Then::from(then.into_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0195b2a0-0000-7000-8000-000000000001";

    fn waiting(then: &str) -> Waiting {
        let (id, binding) = (ID.parse().unwrap(), "mandate_sib_x".to_owned());
        Waiting { id, binding, then: Then::from(then.to_owned()) }
    }

    #[test]
    fn what_waits_is_read_back_whatever_the_path_has() {
        for then in ["/", "/consent/abc", "/apps?q=a,b;c&x=\"y\".z%2F+1"] {
            let waiting = waiting(then);
            let cookie = waiting.write();
            assert!(!cookie.contains([';', ',', ' ', '"', '\\']), "{cookie}");
            assert_eq!(Waiting::read(&cookie), Some(waiting));
        }
    }

    #[test]
    fn it_leads_nowhere_else_and_nonsense_is_nothing() {
        let read = Waiting::read(&format!("{ID}.mandate_sib_x.then=%2F%2Fevil.example"));
        assert_eq!(read, Some(waiting("/")));
        for cookie in ["", "nonsense", "x.y.then=%2F", ID] {
            assert_eq!(Waiting::read(cookie), None, "{cookie}");
        }
    }

    #[test]
    fn a_path_that_no_cookie_holds_is_left_out() {
        let long = waiting(&format!("/{}", ",".repeat(2000))).write();
        assert!(long.len() < LONGEST_THEN);
        assert_eq!(Waiting::read(&long), Some(waiting("/")));
    }
}
