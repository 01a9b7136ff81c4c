//! What an organization tells about itself (rule 1), and edits of it.

use contract::facts::OrganizationField;
use contract::rpc::OrganizationKind;

use crate::fields::{self, Email, Invalid};
use crate::language::Language;

/// The most characters of a description (rule 1).
const DESCRIPTION_CHARS: usize = 255;
/// The most characters of a name.
const NAME_CHARS: usize = 200;

/// What an organization tells about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Its name.
    pub(crate) name: String,
    /// What kind it is.
    pub(crate) kind: OrganizationKind,
    /// Where it can be reached.
    pub(crate) contact_email: Email,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: String,
    /// An http or https URL.
    pub(crate) website: Option<String>,
    /// At most 255 characters.
    pub(crate) description: Option<String>,
    /// In which language it writes to people.
    pub(crate) language: Language,
}

/// The profile as it came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawProfile<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What kind it is.
    pub(crate) kind: OrganizationKind,
    /// Where it can be reached.
    pub(crate) contact_email: &'a str,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: &'a str,
    /// An http or https URL.
    pub(crate) website: Option<&'a str>,
    /// At most 255 characters.
    pub(crate) description: Option<&'a str>,
    /// In which language it writes to people.
    pub(crate) language: Language,
}

/// What happens to an optional field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum OptionalEdit {
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
pub(crate) struct Edit {
    /// The name.
    pub(crate) name: Option<String>,
    /// The kind.
    pub(crate) kind: Option<OrganizationKind>,
    /// The contact address.
    pub(crate) contact_email: Option<String>,
    /// The country.
    pub(crate) country: Option<String>,
    /// The website.
    pub(crate) website: OptionalEdit,
    /// The description.
    pub(crate) description: OptionalEdit,
    /// In which language it writes to people.
    pub(crate) language: Option<Language>,
}

impl Profile {
    /// Checks every field and tells all that is wrong.
    pub(crate) fn parse(raw: RawProfile<'_>) -> Result<Self, Invalid> {
        let name = fields::name("name", raw.name, NAME_CHARS);
        let email = Email::parse("contact_email", raw.contact_email);
        let country = fields::country("country", raw.country);
        let website = fields::website("website", raw.website);
        let description = fields::description("description", raw.description, DESCRIPTION_CHARS);
        match (name, email, country, website, description) {
            (Ok(name), Ok(contact_email), Ok(country), Ok(website), Ok(description)) => {
                let RawProfile { kind, language, .. } = raw;
                Ok(Self { name, kind, contact_email, country, website, description, language })
            }
            (name, email, country, website, description) => {
                let errors =
                    [name.err(), email.err(), country.err(), website.err(), description.err()];
                Err(Invalid::all(errors))
            }
        }
    }

    /// This profile with the edit, and the fields that really change.
    pub(crate) fn edited(&self, edit: &Edit) -> Result<(Self, Vec<OrganizationField>), Invalid> {
        let new = Self::parse(RawProfile {
            name: edit.name.as_deref().unwrap_or(&self.name),
            kind: edit.kind.unwrap_or(self.kind),
            contact_email: edit.contact_email.as_deref().unwrap_or(self.contact_email.as_str()),
            country: edit.country.as_deref().unwrap_or(&self.country),
            website: edit.website.apply(self.website.as_deref()),
            description: edit.description.apply(self.description.as_deref()),
            language: edit.language.unwrap_or(self.language),
        })?;
        let differences = [
            (OrganizationField::Name, new.name != self.name),
            (OrganizationField::Kind, new.kind != self.kind),
            (OrganizationField::ContactEmail, new.contact_email != self.contact_email),
            (OrganizationField::Country, new.country != self.country),
            (OrganizationField::Website, new.website != self.website),
            (OrganizationField::Description, new.description != self.description),
            (OrganizationField::Language, new.language != self.language),
        ];
        let changed = differences
            .into_iter()
            .filter(|(_, differs)| *differs)
            .map(|(field, _)| field)
            .collect();
        Ok((new, changed))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const RAW: RawProfile<'static> = RawProfile {
        name: "Example Apps",
        kind: OrganizationKind::TechnologyCompany,
        contact_email: "contact@example.com",
        country: "FR",
        website: Some("https://example.com"),
        description: None,
        language: Language::En,
    };

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let long = "x".repeat(256);
        let errors = Profile::parse(RawProfile {
            name: " ",
            contact_email: "nobody",
            country: "France",
            website: Some("ftp://example.com"),
            description: Some(&long),
            ..RAW
        })
        .unwrap_err();
        let fields: Vec<&str> = errors.0.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["name", "contact_email", "country", "website", "description"]);
    }

    #[test]
    fn an_edit_tells_the_fields_that_really_change() {
        let profile = Profile::parse(RAW).unwrap();
        let edit = Edit {
            name: Some("Example Apps".into()),
            contact_email: Some("CONTACT@example.com".into()),
            website: OptionalEdit::Clear,
            description: OptionalEdit::Set("We make apps.".into()),
            ..Edit::default()
        };
        let (new, changed) = profile.edited(&edit).unwrap();
        assert_eq!(changed, [OrganizationField::Website, OrganizationField::Description]);
        assert_eq!(new.website, None);
    }
}
