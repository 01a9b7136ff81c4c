//! What the app registry is asked.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AskedIds, questions};
use crate::catalogue::DomainLevel;
use crate::envelope::Version;
use crate::ids::{AppId, OrganizationId};

questions! {
    GetApp -> Option<AppView> = AppRegistry."get-app";
    NameApps -> Vec<NamedApp> = AppRegistry."name-apps";
}

/// How an app authenticates; fixed at its creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMethod {
    /// RFC 6749 section 4.4: for connections to one customer, with single-use consent links.
    ClientCredentials,
    /// RFC 6749 section 4.1: for platforms that act for many customers.
    AuthorizationCode,
}

impl AuthenticationMethod {
    /// Its name on the wire and in Postgres.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "client_credentials" => Some(Self::ClientCredentials),
            "authorization_code" => Some(Self::AuthorizationCode),
            _ => None,
        }
    }
}

/// Where an app is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppState {
    /// Being written; everything can change.
    Draft,
    /// In use; what account owners consent to can never change again.
    Active,
    /// Stopped by an operator, until resumed.
    Suspended,
    /// Ended for good.
    Archived,
}

impl AppState {
    /// Its name on the wire and in Postgres.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "draft" => Some(Self::Draft),
            "active" => Some(Self::Active),
            "suspended" => Some(Self::Suspended),
            "archived" => Some(Self::Archived),
            _ => None,
        }
    }
}

impl fmt::Display for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is this app?
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GetApp {
    /// The app.
    pub app_id: AppId,
}

/// An app, as the other services see it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AppView {
    /// Its id.
    pub id: AppId,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its description.
    pub description: Option<String>,
    /// Whether `/v1/apps/{id}/image` has one.
    pub has_image: bool,
    /// How it authenticates.
    pub authentication_method: AuthenticationMethod,
    /// Where it is in its life.
    pub state: AppState,
    /// The service it works with; an active app has one.
    pub service: Option<String>,
    /// What it asks for.
    pub domains: Vec<DomainLevel>,
    /// The same as OAuth scopes.
    pub scopes: Vec<String>,
    /// The version of its last event.
    pub version: Version,
}

/// What are these apps called? Unknown ones are left out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NameApps {
    /// The apps.
    pub app_ids: AskedIds<AppId>,
}

/// An app, its name and whose it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamedApp {
    /// The app.
    pub app_id: AppId,
    /// Its name.
    pub name: String,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// Whether it was ever activated: then account owners are asked for consent under this name.
    #[serde(default)]
    pub activated: bool,
}
