//! The moment of a question: what is live and what has ended is told by the clock of whoever asks, whether or not the
//! sweeper has been there. Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contract::catalogue::Catalogue;
use service::Resources;

/// When something is asked, and what the catalogue says then: grants from before consents ended by themselves end by
/// its lifetimes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AsOf<'a> {
    /// When.
    pub(crate) now: DateTime<Utc>,
    /// The catalogue.
    pub(crate) catalogue: &'a Catalogue,
}

impl<'a> AsOf<'a> {
    /// Now.
    pub(crate) fn now(resources: &'a Resources) -> Self {
        Self::at(resources.env.now(), resources)
    }

    /// This moment, which is the same for all of a transaction.
    pub(crate) fn at(now: DateTime<Utc>, resources: &'a Resources) -> Self {
        Self { now, catalogue: &resources.catalogue }
    }

    /// The days that each service gives, as the function `grant_expiry` of the schema takes them: none where there is
    /// no end, and under the empty name those of a service that has left the catalogue.
    pub(crate) fn lifetimes(self) -> BTreeMap<&'a str, Option<u16>> {
        let services = self.catalogue.services.keys().map(String::as_str);
        let named = services.chain([""]);
        named.map(|name| (name, self.catalogue.consent_lifetime(name).days())).collect()
    }
}
