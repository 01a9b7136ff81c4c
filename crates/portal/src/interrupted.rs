//! A form that somebody filled in while their session ended.

use axum::http::Extensions;

/// A form that is larger is not kept.
const LARGEST: usize = 64 * 1024;

/// A form that was not done, and is not lost: its address, and its fields as they were sent, without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) path: String,
    pub(crate) fields: String,
}

/// On the answer to a form without a session: it is to carry the form along.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended;

/// On the answer to a sign-in: the form that is to be drawn again.
#[derive(Debug, Clone)]
pub(crate) struct Resume(pub(crate) Kept);

/// What is to be drawn in place of where it would go on.
pub(crate) fn resumed(kept: Option<Kept>) -> Extensions {
    let mut extensions = Extensions::new();
    if let Some(kept) = kept {
        extensions.insert(Resume(kept));
    }
    extensions
}

/// What no path that is encoded has, and no encoded field.
const BETWEEN: char = '~';

/// The most bytes that a form may take in a cookie: browsers keep cookies of at most 4096 (RFC 6265 section 6.1).
const LONGEST_COOKIE: usize = 3584;

impl Kept {
    /// As the value of a cookie, for a sign-in that leads away and comes back; none, if it is too long for one.
    pub(crate) fn as_cookie(&self) -> Option<String> {
        let path: String = url::form_urlencoded::byte_serialize(self.path.as_bytes()).collect();
        let fields = url::form_urlencoded::parse(self.fields.as_bytes());
        // Encoded by us: whoever sends a form can write anything.
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        let value = format!("{path}{BETWEEN}{}", encoded.extend_pairs(fields).finish());
        (value.len() <= LONGEST_COOKIE).then_some(value)
    }

    /// The form of such a cookie.
    pub(crate) fn of_cookie(value: &str) -> Option<Self> {
        let (path, fields) = value.split_once(BETWEEN)?;
        let path = percent_decoded(path);
        Some(Self { path, fields: fields.to_owned() })
    }

    /// Those of a form's fields that can be kept: what is secret is typed again.
    pub(crate) fn of(path: &str, body: &[u8]) -> Option<Self> {
        if body.len() > LARGEST {
            return None;
        }
        let fields = url::form_urlencoded::parse(body);
        let fields = fields.filter(|(name, _)| {
            !["password", "secret", "token"].iter().any(|secret| name.contains(secret))
        });
        let mut kept = url::form_urlencoded::Serializer::new(String::new());
        let fields = kept.extend_pairs(fields).finish();
        Some(Self { path: path.to_owned(), fields })
    }
}

fn percent_decoded(text: &str) -> String {
    let mut pairs = url::form_urlencoded::parse(text.as_bytes());
    pairs.next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_the_same_after_its_way_in_a_cookie_which_nothing_in_it_ends() {
        let kept =
            Kept::of("/apps/new/method", "name=B~id;+%22x%22,\\&q=a%26b".as_bytes()).unwrap();
        let cookie = kept.as_cookie().unwrap();
        assert!(!cookie.contains([';', ',', ' ', '"', '\\']), "{cookie}");
        assert_eq!(Kept::of_cookie(&cookie).unwrap(), kept);
        let long = Kept { fields: format!("a={}", "x".repeat(4000)), ..kept };
        assert_eq!(long.as_cookie(), None);
        assert_eq!(Kept::of_cookie("nonsense"), None);
    }

    #[test]
    fn what_is_secret_is_not_kept() {
        let body = b"name=Bid+Pacing&password=x&new_password=y&client_secret=z&description=a%26b";
        let kept = Kept::of("/apps/new/method", body).unwrap();
        assert_eq!(kept.fields, "name=Bid+Pacing&description=a%26b");
        assert_eq!(Kept::of("/apps", &vec![b'x'; LARGEST + 1]), None);
    }
}
