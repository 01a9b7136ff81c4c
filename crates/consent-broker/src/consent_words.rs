//! The sentences of a consent that are not the catalogue's, in each language that there are some in. Pure.

use contract::catalogue::{Catalogue, ConsentLifetime};

/// The sentences in one language.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConsentWords {
    /// The language (BCP 47).
    pub(crate) language: &'static str,
    /// How long a consent lasts that does not end by itself.
    until_revoked: &'static str,
    /// How long one lasts that ends after a day.
    for_a_day: &'static str,
    /// The same of more days, which stand between the two parts.
    for_days: [&'static str; 2],
    /// How a consent can be ended.
    pub(crate) how_to_end: &'static str,
}

const ENGLISH: ConsentWords = ConsentWords {
    language: "en",
    until_revoked: "Until you revoke it: a consent does not expire by itself.",
    for_a_day: "For one day from your approval, unless you revoke it before or renew it.",
    for_days: ["For ", " days from your approval, unless you revoke it before or renew it."],
    how_to_end: "Whoever may consent for an account can revoke its consent, or all consents to the app, \
                 at any time. It counts at once.",
};

const FRENCH: ConsentWords = ConsentWords {
    language: "fr",
    until_revoked: "Jusqu’à ce que vous le révoquiez : un consentement n’expire pas de lui-même.",
    for_a_day: "Pendant un jour à compter de votre accord, sauf si vous le révoquez avant ou le renouvelez.",
    for_days: [
        "Pendant ",
        " jours à compter de votre accord, sauf si vous le révoquez avant ou le renouvelez.",
    ],
    how_to_end: "Quiconque peut consentir pour un compte peut révoquer son consentement, ou tous les \
                 consentements donnés à l’application, à tout moment. L’effet est immédiat.",
};

impl Default for &ConsentWords {
    fn default() -> Self {
        &ALL[0]
    }
}

static ALL: [ConsentWords; 2] = [ENGLISH, FRENCH];

impl ConsentWords {
    /// Those in the languages in which the whole of a consent can be shown, the catalogue's words too. The first is
    /// what is shown to those who prefer none of them.
    pub(crate) fn offered(catalogue: &Catalogue) -> Vec<&'static Self> {
        let languages = catalogue.languages();
        ALL.iter().filter(|words| languages.contains(&words.language)).collect()
    }

    /// How long a consent lasts, in a sentence.
    pub(crate) fn duration(&self, lifetime: ConsentLifetime) -> String {
        match lifetime.days() {
            None => self.until_revoked.to_owned(),
            Some(1) => self.for_a_day.to_owned(),
            Some(days) => {
                let [before, after] = self.for_days;
                format!("{before}{days}{after}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consent_is_shown_in_languages_that_have_all_of_its_words() {
        let languages = |catalogue: &Catalogue| {
            let offered = ConsentWords::offered(catalogue);
            offered.iter().map(|words| words.language).collect::<Vec<_>>()
        };
        let catalogue = Catalogue::default();
        assert_eq!(languages(&catalogue), ["en", "fr"]);
        assert_eq!(languages(&catalogue.in_language("en")), ["en"]);
    }

    #[test]
    fn how_long_a_consent_lasts_is_said_in_days() {
        for (lifetime, english, french) in [
            (ConsentLifetime::Days(1), "For one day from", "Pendant un jour à compter"),
            (ConsentLifetime::Days(30), "For 30 days from", "Pendant 30 jours à compter"),
            (ConsentLifetime::UNLIMITED, "Until you revoke it", "Jusqu’à ce que vous"),
        ] {
            assert!(ENGLISH.duration(lifetime).starts_with(english), "{lifetime:?}");
            assert!(FRENCH.duration(lifetime).starts_with(french), "{lifetime:?}");
        }
    }
}
