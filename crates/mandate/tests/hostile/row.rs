//! What a row of the table says.

use serde_json::Value;

/// The answer to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A problem with this status and slug.
    Problem(u16, &'static str),
    /// 422 `invalid-request` that names this field.
    Field(&'static str),
    /// The token endpoint's error.
    OAuth(u16, &'static str),
    /// It is harmless, and taken.
    Taken(u16),
    /// The HTTP layer's own answer, without a body.
    Bare(u16),
    /// A page of the portal's: what is below none of the API's paths is for people.
    Page(u16),
    /// None: the connection is closed.
    Closed,
}

/// The rows of a group: what is sent, in words and in bytes, and the answer.
pub(crate) type Rows = Vec<(&'static str, Vec<u8>, Answer)>;

/// Whom and what the inputs use.
pub(crate) struct With {
    pub(crate) operator: String,
    pub(crate) owner: String,
    pub(crate) auditor: String,
    pub(crate) organization: String,
    pub(crate) draft: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl With {
    /// Of the demo, and a draft of its organization.
    pub(crate) fn demo(demo: &Value, draft: String) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let token = |name: &str| {
            let people = demo["people"].as_array().into_iter().flatten();
            let of = format!("{name}@example.com");
            people
                .filter(|person| person["email"] == *of)
                .map(|person| text(&person["api_token"]))
                .collect()
        };
        Self {
            operator: token("operator"),
            owner: token("owner"),
            auditor: token("auditor"),
            organization: text(&demo["organization_id"]),
            draft,
            client_id: text(&demo["app"]["client_id"]),
            client_secret: text(&demo["app"]["client_secret"]),
        }
    }
}

/// So many texts, one behind the other.
pub(crate) fn numbered(range: std::ops::Range<u32>, text: impl Fn(u32) -> String) -> String {
    range.map(text).collect::<Vec<_>>().concat()
}
