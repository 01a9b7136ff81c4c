//! What was put before an account owner: the details of a consent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalogue::Level;

/// The exact words and names that were shown to whoever consented, as the catalogue, the app and the
/// directory had them at that moment. The organization's contact address, which the page shows as well,
/// is personal and no part of what was agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConsentDetails {
    /// The organization that asked.
    pub organization_name: String,
    /// The app that asked.
    pub app_name: String,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_description: Option<String>,
    /// The account that consented.
    pub account_name: String,
    /// The language of the words (BCP 47).
    pub language: String,
    /// The service whose accounts it was about.
    pub service: AskedService,
    /// What the app wanted to do.
    pub domains: Vec<AskedDomain>,
    /// How long the consent lasts.
    pub duration: String,
    /// How it can be ended.
    pub how_to_end: String,
}

/// The catalogue's service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct AskedService {
    /// Its name in the catalogue.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// A sentence on what it is.
    pub description: String,
}

/// A domain that the app asks for, in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, ToSchema)]
pub struct AskedDomain {
    /// Its name in the catalogue.
    pub domain: String,
    /// Its name for people.
    pub title: String,
    /// How much of it.
    pub level: Level,
    /// What the app could do, a sentence each: manage implies read, so it has both.
    pub descriptions: Vec<String>,
}
