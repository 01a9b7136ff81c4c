//! The texts of the catalogue in other languages than the one it is written in.
//!
//! A language is there as a whole or not at all: a consent page that changed its language in the middle would be
//! no text that somebody agreed to. What lacks a text in a language that another entry has is a mistake of the
//! catalogue, and stops the start.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Catalogue, CatalogueError, DomainEntry, Level, ServiceEntry};

/// The language in which the catalogue is written (BCP 47): that of `title` and `description`.
const SOURCE_LANGUAGE: &str = "en";

/// A service's texts in another language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceTexts {
    /// Its name for people.
    pub title: String,
    /// A sentence on what it is.
    pub description: String,
}

/// A domain's texts in another language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainTexts {
    /// Its name for people.
    pub title: String,
    /// What an app can do with it at level read, if it has that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// What an app can do with it at level manage, if it has that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manage: Option<String>,
}

impl Catalogue {
    /// The languages that it has all texts in, the one it is written in first.
    pub fn languages(&self) -> Vec<&str> {
        let others = self.services.values().flat_map(|service| service.translations.keys());
        let others: BTreeSet<&str> = others.map(String::as_str).collect();
        std::iter::once(SOURCE_LANGUAGE).chain(others).collect()
    }

    /// The same with all texts in this language, as far as it has them, and in no other.
    #[must_use]
    pub fn in_language(&self, language: &str) -> Self {
        let mut translated = self.clone();
        for service in translated.services.values_mut() {
            service.translate(language);
        }
        translated
    }

    pub(super) fn check_translations(&self) -> Result<(), CatalogueError> {
        let named: BTreeSet<&str> =
            self.services.values().flat_map(ServiceEntry::named_languages).collect();
        for language in named {
            let wrong = |place: String, problem: &str| {
                let problem = format!("{problem} in the language `{language}`");
                Err(CatalogueError::Entry { place, problem })
            };
            let is_subtag = (2..=3).contains(&language.len())
                && language.bytes().all(|byte| byte.is_ascii_lowercase());
            if !is_subtag || language == SOURCE_LANGUAGE {
                return wrong("translations".to_owned(), "there are no other texts");
            }
            for (name, service) in &self.services {
                let place = format!("services.{name}");
                if !service.translations.contains_key(language) {
                    return wrong(place, "it has no title and description");
                }
                for (name, domain) in &service.domains {
                    if !domain.is_translated(language) {
                        let place = format!("{place}.domains.{name}");
                        return wrong(
                            place,
                            "it has not a title and a text for each of its levels",
                        );
                    }
                }
            }
        }
        Ok(())
    }
}

impl ServiceEntry {
    /// Its name for people, in this language if there is one.
    pub fn title_in(&self, language: &str) -> &str {
        self.translations.get(language).map_or(&self.title, |texts| &texts.title)
    }

    /// What it is, in this language if there is a text.
    pub fn description_in(&self, language: &str) -> &str {
        self.translations.get(language).map_or(&self.description, |texts| &texts.description)
    }

    fn named_languages(&self) -> impl Iterator<Item = &str> {
        let domains = self.domains.values().flat_map(|domain| domain.translations.keys());
        self.translations.keys().chain(domains).map(String::as_str)
    }

    fn translate(&mut self, language: &str) {
        (self.title, self.description) =
            (self.title_in(language).to_owned(), self.description_in(language).to_owned());
        self.translations.clear();
        for domain in self.domains.values_mut() {
            domain.translate(language);
        }
    }
}

impl DomainEntry {
    /// Its name for people, in this language if there is one.
    pub fn title_in(&self, language: &str) -> &str {
        self.translations.get(language).map_or(&self.title, |texts| &texts.title)
    }

    /// What a level allows, in this language if there is a text; none if it does not have the level.
    pub fn description_in(&self, level: Level, language: &str) -> Option<&str> {
        let entry = self.level(level)?;
        let translated = self.translations.get(language).and_then(|texts| match level {
            Level::Read => texts.read.as_deref(),
            Level::Manage => texts.manage.as_deref(),
        });
        Some(translated.unwrap_or(&entry.description))
    }

    fn is_translated(&self, language: &str) -> bool {
        self.translations.get(language).is_some_and(|texts| {
            texts.read.is_some() == self.read.is_some()
                && texts.manage.is_some() == self.manage.is_some()
        })
    }

    fn translate(&mut self, language: &str) {
        let text = |level| self.description_in(level, language).map(str::to_owned);
        let (read, manage) = (text(Level::Read), text(Level::Manage));
        self.title = self.title_in(language).to_owned();
        self.translations.clear();
        for (entry, text) in [(&mut self.read, read), (&mut self.manage, manage)] {
            if let (Some(entry), Some(text)) = (entry, text) {
                entry.description = text;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::DEFAULT;

    #[test]
    fn the_default_catalogue_speaks_english_and_french() {
        let catalogue = Catalogue::default();
        assert_eq!(catalogue.languages(), ["en", "fr"]);
        let french = catalogue.in_language("fr");
        let campaigns = |catalogue: &Catalogue| {
            let domain = catalogue.services["retail_media"].domains["campaigns"].clone();
            (domain.title, domain.manage.unwrap().description)
        };
        let (title, description) = campaigns(&french);
        assert_eq!(title, "Campagnes");
        assert_eq!(
            description,
            "Créer, modifier et arrêter vos campagnes et vos lignes de campagne."
        );
        // What programs read is the same in all languages.
        let french = &french.services["retail_media"].domains["accounts"];
        let english = &catalogue.services["retail_media"].domains["accounts"];
        assert_eq!(french.scope_name, english.scope_name);
        let rules = |domain: &DomainEntry| {
            let manage = domain.manage.clone().unwrap();
            (manage.on_request, manage.includes, manage.exclusive)
        };
        assert_eq!(rules(french), rules(english));
        assert!(!serde_json::to_string(french).unwrap().contains("translations"));
        // In a language that there is not, it is as it was written.
        assert_eq!(campaigns(&catalogue.in_language("de")), campaigns(&catalogue));
    }

    #[test]
    fn a_catalogue_of_before_has_one_language() {
        let lines = DEFAULT.lines().filter(|line| !line.starts_with("translations."));
        let before = lines.collect::<Vec<_>>().join("\n");
        let catalogue = Catalogue::parse(&before).unwrap();
        assert_eq!(catalogue.languages(), ["en"]);
        assert_eq!(catalogue.in_language("fr"), catalogue);
    }

    #[test]
    fn a_language_is_there_as_a_whole_or_not_at_all() {
        let lines: Vec<_> = DEFAULT.lines().collect();
        let is_french = |index: &usize| lines[*index].starts_with("translations.");
        for index in (0..lines.len()).filter(is_french) {
            let mut without = lines.clone();
            without.remove(index);
            let error = Catalogue::parse(&without.join("\n")).unwrap_err().to_string();
            assert!(error.contains("in the language `fr`"), "{}: {error}", lines[index]);
        }
        let text = "read = \"Voir vos rapports";
        let one_too_many = DEFAULT.replacen(text, &format!("manage = \"X\", {text}"), 1);
        assert!(Catalogue::parse(&one_too_many).is_err());
        let english = DEFAULT.replace("translations.fr", "translations.en");
        assert!(Catalogue::parse(&english).unwrap_err().to_string().contains("`en`"));
    }
}
