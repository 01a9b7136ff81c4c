//! The head of an app's pages: what it is, and what there is of it.

use askama::Template;

use crate::api::apps::App;
use crate::parts::method;
use crate::parts::pattern::Pattern;
use crate::parts::states::StateOf;
use crate::texts::Texts;

/// The pages of an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Overview,
    Keys,
    Links,
    Grants,
    Activity,
}

/// The head of one of them.
#[derive(Template)]
#[template(path = "parts/app_head/part.html")]
pub(crate) struct AppHead<'a> {
    t: &'static Texts,
    app: &'a App,
    service: String,
    picture: Option<Pattern>,
    state: StateOf,
    method: String,
    here: Tab,
}

impl<'a> AppHead<'a> {
    /// For an app whose service has this title.
    pub(crate) fn new(t: &'static Texts, app: &'a App, service: String, here: Tab) -> Self {
        Self {
            t,
            app,
            service,
            picture: (!app.has_image).then(|| Pattern::of(&app.id.to_string())),
            state: StateOf::new(t, app.state),
            method: method::name(t, app.authentication_method),
            here,
        }
    }

    fn tabs(&self) -> [(Tab, String, String); 5] {
        let id = self.app.id;
        [
            (Tab::Overview, self.t.app_overview(), format!("/apps/{id}")),
            (Tab::Keys, self.t.app_keys(), format!("/apps/{id}/keys")),
            (Tab::Links, self.t.app_links(), format!("/apps/{id}/links")),
            (Tab::Grants, self.t.app_grants(), format!("/apps/{id}/grants")),
            (Tab::Activity, self.t.app_activity(), format!("/apps/{id}/activity")),
        ]
    }
}
