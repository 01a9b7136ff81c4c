//! What happens to apps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::catalogue::DomainLevel;
use crate::ids::{AppId, OrganizationId};
use crate::rpc::AuthenticationMethod;

facts! {
    AppCreated = "app"."created";
    AppEdited = "app"."edited";
    AppImageSet = "app"."image-set";
    AppActivated = "app"."activated";
    AppSuspended = "app"."suspended";
    AppResumed = "app"."resumed";
    AppArchived = "app"."archived";
}

/// A draft was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppCreated {
    /// The app.
    pub app_id: AppId,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How it authenticates; fixed from now on.
    pub authentication_method: AuthenticationMethod,
    /// The service it works with, if chosen already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What it asks for, as far as chosen already.
    pub domains: Vec<DomainLevel>,
}

/// A draft was changed. The whole of what can be edited, as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppEdited {
    /// The app.
    pub app_id: AppId,
    /// Its name.
    pub name: String,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// What it asks for.
    pub domains: Vec<DomainLevel>,
}

/// A draft's image was set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppImageSet {
    /// The app.
    pub app_id: AppId,
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// Its size in bytes.
    pub size: u32,
    /// SHA-256 of the image's bytes, in hex: what account owners were shown can be proved.
    pub sha256: String,
}

/// The app was activated. All that can never change again, as it was at that moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppActivated {
    /// The app.
    pub app_id: AppId,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// SHA-256 of the image's bytes, in hex, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_sha256: Option<String>,
    /// How it authenticates.
    pub authentication_method: AuthenticationMethod,
    /// The service it works with.
    pub service: String,
    /// What it asks for, including what the catalogue's rules brought along.
    pub domains: Vec<DomainLevel>,
    /// The same as OAuth scopes (RFC 6749 section 3.3).
    pub scopes: Vec<String>,
}

/// An operator suspended the app: it gets no tokens until it is resumed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppSuspended {
    /// The app.
    pub app_id: AppId,
}

/// An operator ended the suspension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppResumed {
    /// The app.
    pub app_id: AppId,
}

/// The app was archived, for good: its keys, tokens, links and grants end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppArchived {
    /// The app.
    pub app_id: AppId,
}
