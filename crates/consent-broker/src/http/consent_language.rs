//! In which language a consent is shown: that which is asked for, of those that have all of its words.

use axum::http::HeaderMap;
use contract::catalogue::Catalogue;
use serde::Deserialize;
use service::http::preferred_language;
use utoipa::IntoParams;

use crate::consent_words::ConsentWords;

/// In which language.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WantedLanguage {
    /// The language of all words (BCP 47), before what `Accept-Language` says. What is not offered is answered in
    /// English.
    #[param(max_length = 35, example = "fr")]
    lang: Option<String>,
}

impl WantedLanguage {
    /// The words in the language that is preferred.
    pub(super) fn words(
        &self,
        headers: &HeaderMap,
        catalogue: &Catalogue,
    ) -> &'static ConsentWords {
        let offered = ConsentWords::offered(catalogue);
        let languages: Vec<_> = offered.iter().map(|words| words.language).collect();
        let language = preferred_language(self.lang.as_deref(), headers, &languages);
        let found = offered.into_iter().find(|words| words.language == language);
        found.unwrap_or_default()
    }
}
