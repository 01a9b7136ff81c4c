//! What an app will be able to do: a card a domain, in the catalogue's words.

use askama::Template;
use contract::catalogue::Level;

use crate::texts::Texts;

/// A domain at a level, in words.
pub(crate) trait Domain {
    fn title(&self) -> &str;
    fn level(&self) -> Level;
    fn descriptions(&self) -> &[String];
}

/// The cards.
#[derive(Template)]
#[template(path = "parts/able/part.html")]
pub(crate) struct Able<'a> {
    t: &'static Texts,
    domains: Vec<&'a dyn Domain>,
}

impl<'a> Able<'a> {
    pub(crate) fn of<D: Domain>(t: &'static Texts, domains: &'a [D]) -> Self {
        Self { t, domains: domains.iter().map(|domain| domain as &dyn Domain).collect() }
    }

    /// Those that it can see only.
    pub(crate) fn read_only(&self) -> Vec<&str> {
        let read = self.domains.iter().filter(|domain| domain.level() == Level::Read);
        read.map(|domain| domain.title()).collect()
    }
}
