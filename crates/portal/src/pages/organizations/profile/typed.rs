//! What is typed.

use serde::Deserialize;

use crate::api::organizations::{Organization, Profile};

/// What is typed. All of it can be empty where somebody just begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    pub(in crate::pages::organizations) key: String,
    pub(in crate::pages::organizations) name: String,
    pub(in crate::pages::organizations) kind: String,
    pub(in crate::pages::organizations) contact_email: String,
    pub(in crate::pages::organizations) country: String,
    pub(in crate::pages::organizations) website: String,
    pub(in crate::pages::organizations) description: String,
}

impl Typed {
    /// What is typed when somebody begins to change it.
    pub(super) fn of(organization: Organization) -> Self {
        Self {
            key: String::new(),
            name: organization.name,
            kind: organization.kind.as_str().to_owned(),
            contact_email: organization.contact_email,
            country: organization.country,
            website: organization.website.unwrap_or_default(),
            description: organization.description.unwrap_or_default(),
        }
    }

    /// The country as its code is written.
    pub(super) fn country(&self) -> String {
        self.country.trim().to_uppercase()
    }

    /// As the API takes it.
    pub(super) fn profile<'a>(&'a self, country: &'a str) -> Profile<'a> {
        let some = |text: &'a str| Some(text.trim()).filter(|text| !text.is_empty());
        Profile {
            name: self.name.trim(),
            kind: &self.kind,
            contact_email: self.contact_email.trim(),
            country,
            website: some(&self.website),
            description: some(&self.description),
            language: None,
        }
    }
}
