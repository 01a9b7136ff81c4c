//! The sentences of a consent that are not the catalogue's, in each language that there are some in. Pure.

use contract::catalogue::Catalogue;

/// The sentences in one language.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ConsentWords {
    /// The language (BCP 47).
    pub(crate) language: &'static str,
    /// How long a consent lasts that does not end by itself.
    until_revoked: &'static str,
    /// How a consent can be ended.
    pub(crate) how_to_end: &'static str,
}

const ENGLISH: ConsentWords = ConsentWords {
    language: "en",
    until_revoked: "Until you revoke it: a consent does not expire by itself.",
    how_to_end: "Whoever may consent for an account can revoke its consent, or all consents to the app, \
                 at any time. It counts at once.",
};

const FRENCH: ConsentWords = ConsentWords {
    language: "fr",
    until_revoked: "Jusqu’à ce que vous le révoquiez : un consentement n’expire pas de lui-même.",
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

    /// How long a consent lasts.
    pub(crate) fn duration(&self) -> &'static str {
        self.until_revoked
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
}
