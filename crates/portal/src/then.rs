//! Deep links: where somebody wanted to go, and goes after something else was done.

use serde::Deserialize;

/// A path of ours. What could lead elsewhere is the start page: one leading `/`, no second one, no backslash, no
/// control character, as browsers read them (URL standard section 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Then(String);

const START: &str = "/";

impl Default for Then {
    fn default() -> Self {
        Self(START.to_owned())
    }
}

impl From<String> for Then {
    fn from(text: String) -> Self {
        let ours = text.starts_with('/')
            && !text[1..].starts_with('/')
            && text.len() <= 2048
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if ours { Self(text) } else { Self::default() }
    }
}

impl Then {
    /// The path, with its query.
    pub(crate) fn path(&self) -> &str {
        &self.0
    }

    /// Whether somebody comes from a link that asks for consent.
    pub(crate) fn is_consent_request(&self) -> bool {
        self.0.starts_with("/consent/")
    }
}

/// The address of the sign-in for somebody who wants to go on there.
pub(crate) fn sign_in_address(then: &str) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("then", then).finish();
    format!("/sign-in?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_link_never_leads_away() {
        for path in ["/apps", "/apps?organization=1&x=%2F", "/consent/abc"] {
            assert_eq!(Then::from(path.to_owned()).path(), path);
        }
        for path in [
            "",
            "apps",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\r\nb",
            "/\t/x",
            "/é",
        ] {
            assert_eq!(Then::from(path.to_owned()).path(), "/", "{path:?}");
        }
        assert_eq!(Then::from(format!("/{}", "a".repeat(3000))).path(), "/");
    }
}
