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
    one_day: &'static str,
    /// How long one lasts that ends after more: before their number, and after it.
    days: (&'static str, &'static str),
    /// How a consent can be ended.
    pub(crate) how_to_end: &'static str,
}

const ENGLISH: ConsentWords = ConsentWords {
    language: "en",
    until_revoked: "Until you revoke it: a consent does not expire by itself.",
    one_day: "For one day from your approval, unless you revoke it before or renew it.",
    days: ("For ", " days from your approval, unless you revoke it before or renew it."),
    how_to_end: "Whoever may consent for an account can revoke its consent, or all consents to the app, \
                 at any time. It counts at once.",
};

const FRENCH: ConsentWords = ConsentWords {
    language: "fr",
    until_revoked: "Jusqu’à ce que vous le révoquiez : un consentement n’expire pas de lui-même.",
    one_day: "Pendant un jour à partir de votre approbation, sauf si vous le révoquez avant ou le renouvelez.",
    days: (
        "Pendant ",
        " jours à partir de votre approbation, sauf si vous le révoquez avant ou le renouvelez.",
    ),
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
        let (before, after) = self.days;
        match lifetime.days() {
            None => self.until_revoked.to_owned(),
            Some(1) => self.one_day.to_owned(),
            Some(days) => format!("{before}{days}{after}"),
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
    fn how_long_a_consent_lasts_is_a_sentence_in_each_language() {
        for words in &ALL {
            let never = words.duration(ConsentLifetime::UNLIMITED);
            let day = words.duration(ConsentLifetime::Days(1));
            let month = words.duration(ConsentLifetime::Days(30));
            assert!(month.contains(" 30 "), "{month}");
            assert!(never != day && !day.contains('1'), "{day}");
        }
    }
}
