//! What happens to apps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::facts;
use crate::catalogue::DomainLevel;
use crate::ids::{AppId, OrganizationId, RedirectUriId};
use crate::patterns;
use crate::rpc::AuthenticationMethod;

facts! {
    AppCreated = "app"."created" with AppDetails;
    AppEdited = "app"."edited" with AppDetails;
    AppImageSet = "app"."image-set";
    AppImageRemoved = "app"."image-removed";
    AppRedirectUriAdded = "app"."redirect-uri-added" with RedirectUriDetails;
    AppRedirectUriRemoved = "app"."redirect-uri-removed" with RedirectUriDetails;
    AppPkceChanged = "app"."pkce-changed";
    AppActivated = "app"."activated" with AppDetails;
    AppSuspended = "app"."suspended";
    AppResumed = "app"."resumed";
    AppArchived = "app"."archived";
}

/// What developers typed about an app, as it was when the event happened. Account owners are shown it
/// before they consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppDetails {
    /// Its name.
    pub name: String,
    /// Its description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What an app's image is a file of: its media type (RFC 6838).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ImageMediaType {
    /// PNG (ISO/IEC 15948).
    #[serde(rename = "image/png")]
    Png,
    /// JPEG (ISO/IEC 10918-1).
    #[serde(rename = "image/jpeg")]
    Jpeg,
}

impl ImageMediaType {
    /// Its name on the wire and in Postgres.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// A draft was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppCreated {
    /// The app.
    pub app_id: AppId,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// How it authenticates; fixed from now on.
    pub authentication_method: AuthenticationMethod,
    /// The service it works with, if chosen already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = patterns::NAME))]
    pub service: Option<String>,
    /// What it asks for, as far as chosen already.
    pub domains: Vec<DomainLevel>,
}

/// A draft was changed. The whole of what can be edited, as it is now; its name and description are in
/// the details.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppEdited {
    /// The app.
    pub app_id: AppId,
    /// Its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = patterns::NAME))]
    pub service: Option<String>,
    /// What it asks for.
    pub domains: Vec<DomainLevel>,
}

/// A draft's image was set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppImageSet {
    /// The app.
    pub app_id: AppId,
    /// What it is a file of.
    pub media_type: ImageMediaType,
    /// Its size in bytes.
    pub size: u32,
    /// SHA-256 of the image's bytes, in hex: what account owners were shown can be proved.
    #[schemars(regex(pattern = patterns::SHA256))]
    pub sha256: String,
}

/// A draft's image was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppImageRemoved {
    /// The app.
    pub app_id: AppId,
}

/// What developers typed as a redirect URI: the exact address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RedirectUriDetails {
    /// The address, character by character.
    pub uri: String,
}

/// Authorization codes of the app may be sent to one more address (RFC 6749 section 3.1.2), which is in the details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppRedirectUriAdded {
    /// The app.
    pub app_id: AppId,
    /// The redirect URI.
    pub redirect_uri_id: RedirectUriId,
}

/// Authorization codes of the app are no longer sent to an address, which is in the details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppRedirectUriRemoved {
    /// The app.
    pub app_id: AppId,
    /// The redirect URI.
    pub redirect_uri_id: RedirectUriId,
}

/// Whether the app's clients must use PKCE (RFC 7636) was changed. An app begins with it required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppPkceChanged {
    /// The app.
    pub app_id: AppId,
    /// Whether it is required from now on.
    pub required: bool,
}

/// The app was activated. All that can never change again, as it was at that moment; its name and
/// description are in the details.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppActivated {
    /// The app.
    pub app_id: AppId,
    /// The organization that develops it.
    pub organization_id: OrganizationId,
    /// SHA-256 of the image's bytes, in hex, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = patterns::SHA256))]
    pub image_sha256: Option<String>,
    /// How it authenticates.
    pub authentication_method: AuthenticationMethod,
    /// The service it works with.
    #[schemars(regex(pattern = patterns::NAME))]
    pub service: String,
    /// What it asks for, including what the catalogue's rules brought along.
    pub domains: Vec<DomainLevel>,
    /// The same as OAuth scopes (RFC 6749 section 3.3).
    #[schemars(inner(regex(pattern = patterns::SCOPE)))]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;
    use crate::catalogue::{Catalogue, Level};

    #[test]
    fn all_names_and_scopes_of_the_catalogue_fit_the_schema() {
        let (environment, catalogue) = (Environment::system(), Catalogue::default());
        let schema = schemars::schema_for!(AppActivated);
        let validator = jsonschema::validator_for(schema.as_value()).unwrap();
        for (name, service) in &catalogue.services {
            let domains: Vec<_> = service
                .domains
                .keys()
                .map(|domain| DomainLevel { domain: domain.clone(), level: Level::Manage })
                .collect();
            let mut fact = AppActivated {
                app_id: environment.new_id(),
                organization_id: environment.new_id(),
                image_sha256: Some(hex::encode([0xA5; 32])),
                authentication_method: AuthenticationMethod::ClientCredentials,
                service: name.clone(),
                scopes: catalogue.scopes(name, &domains),
                domains,
            };
            let validate =
                |fact: &AppActivated| validator.is_valid(&serde_json::to_value(fact).unwrap());
            assert!(validate(&fact), "{fact:?}");
            fact.scopes.push("Anything that somebody typed".to_owned());
            assert!(!validate(&fact));
        }
    }
}
