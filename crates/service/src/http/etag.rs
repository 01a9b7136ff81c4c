//! Entity tags: a thing's version, so that nobody overwrites a change they have not seen
//! (RFC 9110 sections 8.8.3 and 13.1.1).

use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use contract::Version;

use crate::problem::Problem;

/// The `ETag` of this version: `"7"`.
pub fn etag(version: Version) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).expect("digits and quotes are visible ASCII")
}

/// The `If-Match` header: which versions the change may be made to. Absent, or `*`, means any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IfMatch(Option<Vec<Version>>);

impl IfMatch {
    /// Refuses the change when the thing has another version.
    ///
    /// # Errors
    /// 412.
    pub fn check(&self, version: Version) -> Result<(), Problem> {
        match &self.0 {
            Some(versions) if !versions.contains(&version) => Err(Problem::precondition_failed(
                "changed-meanwhile",
                format!("It has changed since: its version is {version} now. Read it again."),
            )
            .with_header(axum::http::header::ETAG, etag(version))),
            _ => Ok(()),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut versions = None;
        for value in parts.headers.get_all(IF_MATCH) {
            let text = value.to_str().unwrap_or_default();
            if text.trim() == "*" {
                return Ok(Self(None));
            }
            // If-Match compares strongly: weak tags, and tags that were never ours, match nothing.
            let tags = text.split(',').filter_map(|tag| {
                tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok().and_then(Version::new)
            });
            versions.get_or_insert_with(Vec::new).extend(tags);
        }
        Ok(Self(versions))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn matches(header: Option<&str>, version: i64) -> bool {
        let version = Version::new(version).unwrap();
        let mut request = Request::builder();
        if let Some(header) = header {
            request = request.header(IF_MATCH, header);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        IfMatch::from_request_parts(&mut parts, &()).await.unwrap().check(version).is_ok()
    }

    #[tokio::test]
    async fn only_a_strong_tag_of_the_version_matches() {
        assert!(matches(None, 7).await);
        assert!(matches(Some("*"), 7).await);
        assert!(matches(Some("\"7\""), 7).await);
        assert!(matches(Some("\"6\", \"7\""), 7).await);
        assert!(!matches(Some("\"6\""), 7).await);
        assert!(!matches(Some("W/\"7\""), 7).await);
        assert!(!matches(Some("7"), 7).await);
        assert!(!matches(Some(""), 7).await);
    }
}
