//! The consent text: the names and words that an account owner is shown, and that are kept as the
//! details of a consent. Pure.
//!
//! Both are made of this one, and the page gives its hash, which the approval brings back: were an
//! organization renamed or the catalogue replaced in between, what is kept would not be what was shown.

use contract::catalogue::{Catalogue, ConsentLifetime, DomainLevel, Level};
use contract::facts::{AskedDomain, AskedService, ConsentDetails};
use contract::rpc::{AppView, OrganizationView};
use sha2::{Digest, Sha256};

use crate::consent_words::ConsentWords;

/// What is the same for all accounts of a request.
#[derive(Debug, Clone)]
pub(crate) struct ConsentText {
    /// The organization that asks.
    pub(crate) organization_name: String,
    /// The app that asks.
    pub(crate) app_name: String,
    /// Its description.
    pub(crate) app_description: Option<String>,
    /// The service whose accounts it is about.
    pub(crate) service: AskedService,
    /// What the app wants to do.
    pub(crate) domains: Vec<AskedDomain>,
    /// How long a consent lasts.
    pub(crate) duration: String,
    /// How it can be ended.
    pub(crate) how_to_end: &'static str,
    /// The language of all words (BCP 47).
    pub(crate) language: &'static str,
}

impl ConsentText {
    /// What is shown at this moment, in the catalogue's words and these, of one language.
    pub(crate) fn of(
        catalogue: &Catalogue,
        app: &AppView,
        organization: &OrganizationView,
        service: &str,
        words: &ConsentWords,
        lifetime: ConsentLifetime,
    ) -> Self {
        let domain = |asked| asked_domain(catalogue, service, asked, words.language);
        Self {
            organization_name: organization.name.clone(),
            app_name: app.name.clone(),
            app_description: app.description.clone(),
            service: asked_service(catalogue, service, words.language),
            domains: app.domains.iter().map(domain).collect(),
            duration: words.duration(lifetime),
            how_to_end: words.how_to_end,
            language: words.language,
        }
    }

    /// SHA-256, in hex, over what is the same for all accounts: which text it is.
    pub(crate) fn sha256(&self) -> String {
        hex::encode(self.shown().sha256)
    }

    /// What is kept of it for receipts: what is the same for all accounts.
    pub(crate) fn shown(&self) -> ShownText {
        let text = serde_json::to_string(&self.details("")).expect("texts and lists are JSON");
        let sha256 = Sha256::digest(&text).to_vec();
        ShownText { sha256, language: self.language, text }
    }

    /// What was shown to whoever consented for the account of this name.
    pub(crate) fn details(&self, account_name: &str) -> ConsentDetails {
        ConsentDetails {
            organization_name: self.organization_name.clone(),
            app_name: self.app_name.clone(),
            app_description: self.app_description.clone(),
            account_name: account_name.to_owned(),
            language: self.language.to_owned(),
            service: self.service.clone(),
            domains: self.domains.clone(),
            duration: self.duration.clone(),
            how_to_end: self.how_to_end.to_owned(),
        }
    }
}

/// What was shown, but for the name of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShownText {
    /// SHA-256 over the text.
    pub(crate) sha256: Vec<u8>,
    /// Its language (BCP 47).
    pub(crate) language: &'static str,
    /// The words, as [`ConsentDetails`] in JSON with an empty name of the account.
    pub(crate) text: String,
}

/// The service as the catalogue describes it.
fn asked_service(catalogue: &Catalogue, name: &str, language: &str) -> AskedService {
    let entry = catalogue.services.get(name);
    AskedService {
        name: name.to_owned(),
        title: entry.map_or(name, |entry| entry.title_in(language)).to_owned(),
        description: entry.map_or("", |entry| entry.description_in(language)).to_owned(),
    }
}

/// The domain in the catalogue's words. A domain that an operator has since taken out of the
/// catalogue is still named: it is still part of what the app asks for.
fn asked_domain(
    catalogue: &Catalogue,
    service: &str,
    asked: &DomainLevel,
    language: &str,
) -> AskedDomain {
    let entry =
        catalogue.services.get(service).and_then(|service| service.domains.get(&asked.domain));
    let words = |level: Level| entry?.description_in(level, language).map(str::to_owned);
    let levels: &[Level] = match asked.level {
        Level::Read => &[Level::Read],
        Level::Manage => &[Level::Read, Level::Manage],
    };
    AskedDomain {
        domain: asked.domain.clone(),
        title: entry.map_or(asked.domain.as_str(), |entry| entry.title_in(language)).to_owned(),
        level: asked.level,
        descriptions: levels.iter().filter_map(|level| words(*level)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_a_consent_lasts_is_said_in_days() {
        let words_of = <&ConsentWords>::default();
        for (lifetime, words) in [
            (ConsentLifetime::Days(1), "For one day from"),
            (ConsentLifetime::Days(30), "For 30 days from"),
            (ConsentLifetime::UNLIMITED, "Until you revoke it"),
        ] {
            assert!(words_of.duration(lifetime).starts_with(words), "{lifetime:?}");
        }
    }

    #[test]
    fn manage_is_told_in_the_words_of_both_levels() {
        let asked = DomainLevel { domain: "campaigns".to_owned(), level: Level::Manage };
        let told = asked_domain(&Catalogue::default(), "retail_media", &asked, "en");
        assert_eq!(told.title, "Campaigns");
        assert_eq!(
            told.descriptions,
            [
                "See your campaigns and line items.",
                "Create, change and stop your campaigns and line items."
            ]
        );
    }

    #[test]
    fn all_words_are_of_the_language_that_is_asked_for() {
        let asked = DomainLevel { domain: "campaigns".to_owned(), level: Level::Read };
        let told = asked_domain(&Catalogue::default(), "retail_media", &asked, "fr");
        assert_eq!(told.title, "Campagnes");
        assert_eq!(told.descriptions, ["Voir vos campagnes et vos lignes de campagne."]);
    }

    #[test]
    fn a_domain_that_left_the_catalogue_is_still_named() {
        let asked = DomainLevel { domain: "gone".to_owned(), level: Level::Read };
        let told = asked_domain(&Catalogue::default(), "retail_media", &asked, "en");
        assert_eq!((told.title.as_str(), told.descriptions.len()), ("gone", 0));
    }
}
