//! By what a person proved who they are.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{ApiTokenId, Id, SessionId};

/// What a request was made with: the record, not the secret. A context names it as
/// `<aggregate>/<id>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// `api-token/<id>`: an API token.
    ApiToken(ApiTokenId),
    /// `session/<id>`: a session, which a sign-in opened.
    Session(SessionId),
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApiToken(id) => write!(f, "{}/{id}", ApiTokenId::AGGREGATE),
            Self::Session(id) => write!(f, "{}/{id}", SessionId::AGGREGATE),
        }
    }
}

/// To what an API token is limited; one without a scope opens all that its person may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenScope {
    /// `audit-log`: it reads the whole audit log, and opens nothing else. For auditors; operators make it.
    AuditLog,
}

impl TokenScope {
    /// Its name on the wire and in Postgres.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuditLog => "audit-log",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        (text == Self::AuditLog.as_str()).then_some(Self::AuditLog)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_credential_is_named_by_its_kind_and_its_record() {
        let uuid = Uuid::from_u128(7);
        let token = Credential::ApiToken(ApiTokenId::from_uuid(uuid));
        assert_eq!(token.to_string(), format!("api-token/{uuid}"));
        let session = Credential::Session(SessionId::from_uuid(uuid));
        assert_eq!(session.to_string(), format!("session/{uuid}"));
    }

    #[test]
    fn a_scope_has_one_name_everywhere() {
        let scope = TokenScope::AuditLog;
        assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        assert_eq!(TokenScope::parse(scope.as_str()), Some(scope));
        assert_eq!(TokenScope::parse("everything"), None);
    }
}
