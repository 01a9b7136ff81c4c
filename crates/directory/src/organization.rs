//! Organizations: what one is, and what may change (rules 1 and 2).

use chrono::{DateTime, Utc};
use contract::OrganizationId;
use contract::catalogue::{Catalogue, DomainLevel, Level};
use contract::rpc::OrganizationKind;

use crate::fields::{self, Email, FieldError};

/// The most characters of a description (rule 1).
pub const DESCRIPTION_CHARS: usize = 255;
/// The most characters of a name.
pub const NAME_CHARS: usize = 200;

/// An organization as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// What it tells about itself.
    pub details: Details,
    /// When its contact address was confirmed.
    pub confirmed_at: Option<DateTime<Utc>>,
    /// The domains on request that an operator enabled, as `<service>/<domain>:<level>`.
    pub enabled_domains: Vec<String>,
    /// The version of its last event.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What an organization tells about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// Its name.
    pub name: String,
    /// What kind it is.
    pub kind: OrganizationKind,
    /// Where it can be reached.
    pub contact_email: Email,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// An http or https URL.
    pub website: Option<String>,
    /// At most 255 characters.
    pub description: Option<String>,
}

/// The details as they came in.
#[derive(Debug, Clone, Copy)]
pub struct RawDetails<'a> {
    /// Its name.
    pub name: &'a str,
    /// What kind it is.
    pub kind: OrganizationKind,
    /// Where it can be reached.
    pub contact_email: &'a str,
    /// ISO 3166-1 alpha-2.
    pub country: &'a str,
    /// An http or https URL.
    pub website: Option<&'a str>,
    /// At most 255 characters.
    pub description: Option<&'a str>,
}

/// What happens to an optional field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OptionalEdit {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is taken away.
    Clear,
    /// It becomes this.
    Set(String),
}

impl OptionalEdit {
    fn apply<'a>(&'a self, old: Option<&'a str>) -> Option<&'a str> {
        match self {
            Self::Keep => old,
            Self::Clear => None,
            Self::Set(new) => Some(new),
        }
    }
}

/// What to change; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Edit {
    /// The name.
    pub name: Option<String>,
    /// The kind.
    pub kind: Option<OrganizationKind>,
    /// The contact address.
    pub contact_email: Option<String>,
    /// The country.
    pub country: Option<String>,
    /// The website.
    pub website: OptionalEdit,
    /// The description.
    pub description: OptionalEdit,
}

impl Details {
    /// Checks every field and tells all that is wrong.
    pub fn parse(raw: RawDetails<'_>) -> Result<Self, Vec<FieldError>> {
        let name = fields::name("name", raw.name, NAME_CHARS);
        let email = Email::parse("contact_email", raw.contact_email);
        let country = fields::country("country", raw.country);
        let website = fields::website("website", raw.website);
        let description = fields::description("description", raw.description, DESCRIPTION_CHARS);
        match (name, email, country, website, description) {
            (Ok(name), Ok(contact_email), Ok(country), Ok(website), Ok(description)) => {
                Ok(Self { name, kind: raw.kind, contact_email, country, website, description })
            }
            (name, email, country, website, description) => {
                let errors =
                    [name.err(), email.err(), country.err(), website.err(), description.err()];
                Err(errors.into_iter().flatten().collect())
            }
        }
    }

    /// These details with the edit, and the names of the fields that really change.
    pub fn edited(&self, edit: &Edit) -> Result<(Self, Vec<&'static str>), Vec<FieldError>> {
        let new = Self::parse(RawDetails {
            name: edit.name.as_deref().unwrap_or(&self.name),
            kind: edit.kind.unwrap_or(self.kind),
            contact_email: edit.contact_email.as_deref().unwrap_or(self.contact_email.as_str()),
            country: edit.country.as_deref().unwrap_or(&self.country),
            website: edit.website.apply(self.website.as_deref()),
            description: edit.description.apply(self.description.as_deref()),
        })?;
        let differences = [
            ("name", new.name != self.name),
            ("kind", new.kind != self.kind),
            ("contact_email", new.contact_email != self.contact_email),
            ("country", new.country != self.country),
            ("website", new.website != self.website),
            ("description", new.description != self.description),
        ];
        let changed = differences
            .into_iter()
            .filter(|(_, differs)| *differs)
            .map(|(field, _)| field)
            .collect();
        Ok((new, changed))
    }
}

/// Checks domains that an operator enables: each, as `<service>/<domain>:<level>`, must be on
/// request in the catalogue. The answer is sorted, each once.
pub fn enabled_domains(
    catalogue: &Catalogue,
    wanted: &[String],
) -> Result<Vec<String>, FieldError> {
    let mut enabled = Vec::new();
    for text in wanted {
        let shown: String = text.chars().take(100).collect();
        let refuse =
            |problem: &str| Err(FieldError::new("domains", format!("`{shown}` {problem}")));
        let Some((service, domain)) = parse_enabled(text) else {
            return refuse("is not of the form <service>/<domain>:<level>");
        };
        match catalogue.service(service).and_then(|entry| entry.level(&domain)) {
            Err(_) => return refuse("is not in the catalogue"),
            Ok(level) if !level.on_request => {
                return refuse("is not on request: anybody may ask for it");
            }
            Ok(_) => enabled.push(format!("{service}/{domain}")),
        }
    }
    enabled.sort();
    enabled.dedup();
    Ok(enabled)
}

fn parse_enabled(text: &str) -> Option<(&str, DomainLevel)> {
    let (service, rest) = text.split_once('/')?;
    let (domain, level) = rest.split_once(':')?;
    let level = match level {
        "read" => Level::Read,
        "manage" => Level::Manage,
        _ => return None,
    };
    Some((service, DomainLevel { domain: domain.to_owned(), level }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAW: RawDetails<'static> = RawDetails {
        name: "Example Apps",
        kind: OrganizationKind::TechnologyCompany,
        contact_email: "contact@example.com",
        country: "FR",
        website: Some("https://example.com"),
        description: None,
    };

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let long = "x".repeat(256);
        let errors = Details::parse(RawDetails {
            name: " ",
            contact_email: "nobody",
            country: "France",
            website: Some("ftp://example.com"),
            description: Some(&long),
            ..RAW
        })
        .unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["name", "contact_email", "country", "website", "description"]);
    }

    #[test]
    fn an_edit_names_the_fields_that_really_change() {
        let details = Details::parse(RAW).unwrap();
        let edit = Edit {
            name: Some("Example Apps".into()),
            contact_email: Some("CONTACT@example.com".into()),
            website: OptionalEdit::Clear,
            description: OptionalEdit::Set("We make apps.".into()),
            ..Edit::default()
        };
        let (new, changed) = details.edited(&edit).unwrap();
        assert_eq!(changed, ["website", "description"]);
        assert_eq!(new.website, None);
    }

    #[test]
    fn only_domains_on_request_can_be_enabled() {
        let catalogue = Catalogue::default();
        let enable = |domains: &[&str]| {
            enabled_domains(
                &catalogue,
                &domains.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            enable(&[
                "retail_media/billing:read",
                "retail_media/accounts:manage",
                "retail_media/billing:read"
            ])
            .unwrap(),
            ["retail_media/accounts:manage", "retail_media/billing:read"]
        );
        for wrong in [
            "retail_media/campaigns:read",
            "retail_media/nothing:read",
            "retail_media/billing:manage",
            "nothing/billing:read",
            "billing:read",
            "retail_media/billing",
            "retail_media/billing:write",
        ] {
            assert_eq!(enable(&[wrong]).unwrap_err().field, "domains", "{wrong}");
        }
        assert_eq!(enable(&[]).unwrap(), Vec::<String>::new());
    }
}
