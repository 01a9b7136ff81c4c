//! What stands around every page: the bar, the foot, the language.

use chrono::{DateTime, Utc};

use crate::api::people::Me;
use crate::browser::Browser;
use crate::portal::Portal;
use crate::texts::{Language, Texts};
use crate::times::Time;

/// What the bar knows of whoever is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    /// Their name.
    pub(crate) name: String,
    /// Whether they belong to an organization.
    pub(crate) is_member: bool,
    /// Whether they hold a role on an account, so that apps can be granted access to it.
    pub(crate) has_accounts: bool,
}

impl Signed {
    pub(crate) fn of(me: &Me) -> Self {
        Self {
            name: me.name.clone(),
            is_member: !me.memberships.is_empty(),
            has_accounts: !me.account_roles.is_empty(),
        }
    }
}

/// Places that the bar leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nowhere of them.
    Elsewhere,
    /// My apps.
    MyApps,
    /// My consents.
    MyConsents,
    /// An organization.
    Organization,
    /// Your account.
    Account,
    /// Your sessions.
    Sessions,
}

/// The frame of a page.
pub(crate) struct Frame<'a> {
    /// The words.
    pub(crate) t: &'static Texts,
    /// Their language.
    pub(crate) language: Language,
    /// What the product is called.
    pub(crate) product: &'a str,
    /// Where the style is.
    pub(crate) style: &'a str,
    /// Where the style of the installation's own is, if it has one.
    pub(crate) brand_style: Option<&'a str>,
    /// Where its logo is, if it has one.
    pub(crate) logo: Option<&'a str>,
    /// Where the icon is.
    pub(crate) icon: &'a str,
    /// Where the script is.
    pub(crate) script: &'a str,
    /// Who is signed in.
    pub(crate) signed: Option<Signed>,
    /// Which place this is.
    pub(crate) here: Place,
    /// This page, to come back to.
    pub(crate) path: &'a str,
}

impl<'a> Frame<'a> {
    /// For somebody who is not signed in, or may not be.
    pub(crate) fn anonymous(portal: &'a Portal, browser: &'a Browser) -> Self {
        Self {
            t: browser.language.texts(),
            language: browser.language,
            product: &portal.settings.product_name,
            style: &portal.assets.style,
            brand_style: portal.brand.style.as_deref(),
            logo: portal.brand.logo.as_deref(),
            icon: &portal.assets.icon,
            script: &portal.assets.script,
            signed: None,
            here: Place::Elsewhere,
            path: &browser.path,
        }
    }

    /// For this person, at this place.
    pub(crate) fn signed(portal: &'a Portal, browser: &'a Browser, me: &Me, here: Place) -> Self {
        Self { signed: Some(Signed::of(me)), here, ..Self::anonymous(portal, browser) }
    }

    /// A number, in groups of three.
    pub(crate) fn grouped(&self, number: impl TryInto<u64>) -> String {
        self.language.grouped(number)
    }

    /// A moment, in the page's language.
    pub(crate) const fn time(&self, at: DateTime<Utc>) -> Time {
        Time::new(at, self.language)
    }

    /// The title of the window.
    pub(crate) fn title(&self, page: &str) -> String {
        self.t.page_title(page, self.product)
    }

    /// The languages that this page is not in.
    pub(crate) fn other_languages(&self) -> impl Iterator<Item = Language> {
        let own = self.language;
        Language::ALL.into_iter().filter(move |language| *language != own)
    }

    pub(crate) fn is_at(&self, place: Place) -> bool {
        self.here == place
    }
}
