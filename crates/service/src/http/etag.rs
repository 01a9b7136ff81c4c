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
pub struct IfMatch(Option<Tags>);

/// What a header names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Tags {
    versions: Vec<Version>,
    /// Whether it has a weak one.
    weak: bool,
}

impl IfMatch {
    /// Refuses the change when the thing has another version.
    ///
    /// # Errors
    /// 412.
    pub fn check(&self, version: Version) -> Result<(), Problem> {
        let Some(Tags { versions, weak }) = &self.0 else {
            return Ok(());
        };
        if versions.contains(&version) {
            return Ok(());
        }
        let refused = if !versions.is_empty() {
            let detail =
                format!("It has changed since: its version is {version} now. Read it again.");
            Problem::precondition_failed("changed-meanwhile", detail)
        } else if *weak {
            let detail = format!(
                "If-Match has a weak tag (W/), which matches nothing: send the ETag without the W/. Whoever stands \
                 between us may have added it. The ETag is \"{version}\" now."
            );
            Problem::precondition_failed("unusable-if-match", detail)
        } else {
            let detail = format!(
                "If-Match has no ETag of ours: these are numbers in quotes. The ETag is \"{version}\" now."
            );
            Problem::precondition_failed("unusable-if-match", detail)
        };
        Err(refused.with_header(axum::http::header::ETAG, etag(version)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut named: Option<Tags> = None;
        for value in parts.headers.get_all(IF_MATCH) {
            let text = value.to_str().unwrap_or_default();
            if text.trim() == "*" {
                return Ok(Self(None));
            }
            // If-Match compares strongly: weak tags, and tags that were never ours, match nothing.
            let versions = text.split(',').filter_map(|tag| {
                tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok().and_then(Version::new)
            });
            let tags = named.get_or_insert_default();
            tags.versions.extend(versions);
            tags.weak |= text.split(',').any(|tag| tag.trim().starts_with("W/"));
        }
        Ok(Self(named))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn refusal(header: Option<&str>, version: i64) -> Option<Problem> {
        let version = Version::new(version).unwrap();
        let mut request = Request::builder();
        if let Some(header) = header {
            request = request.header(IF_MATCH, header);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        IfMatch::from_request_parts(&mut parts, &()).await.unwrap().check(version).err()
    }

    async fn matches(header: Option<&str>, version: i64) -> bool {
        refusal(header, version).await.is_none()
    }

    #[tokio::test]
    async fn a_refusal_says_what_is_the_matter() {
        for (header, slug) in [
            ("\"6\"", "changed-meanwhile"),
            ("\"6\", W/\"7\"", "changed-meanwhile"),
            ("W/\"7\"", "unusable-if-match"),
            ("7", "unusable-if-match"),
            ("", "unusable-if-match"),
            ("\"x\"", "unusable-if-match"),
        ] {
            let problem = refusal(Some(header), 7).await.unwrap();
            assert_eq!((problem.status().as_u16(), problem.slug()), (412, slug), "{header}");
            let says_weak = problem.detail().contains("weak");
            assert_eq!(says_weak, header == "W/\"7\"", "{}", problem.detail());
        }
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
