//! What pages are made with.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use axum::extract::FromRef;
use contract::Environment;

use crate::api::Api;
use crate::api::catalogue::Catalogues;
use crate::assets::{self, Assets};
use crate::brand::{self, Brand, BrandError};
use crate::browser::Clock;
use crate::cookies::SessionCookie;
use crate::settings::Settings;

/// What pages are made with.
#[derive(Debug)]
pub(crate) struct Portal {
    pub(crate) api: Api,
    /// The catalogue, as it was lately.
    pub(crate) catalogue: Catalogues,
    pub(crate) settings: Settings,
    pub(crate) cookie: SessionCookie,
    pub(crate) assets: Assets,
    /// Where apps get tokens.
    pub(crate) token_url: String,
    pub(crate) brand: Brand,
    pub(crate) environment: Environment,
    /// Whether somebody has signed in since the start.
    pub(crate) is_lived_in: AtomicBool,
}

impl Portal {
    /// For browsers that reach it at `base_url`, with the routes of its assets.
    pub(crate) fn new(
        environment: Environment,
        api: Api,
        settings: Settings,
        base_url: &str,
    ) -> Result<(Self, Router), BrandError> {
        let (assets, files) = assets::load();
        let (brand, own_files) = brand::load(&settings)?;
        let cookie = SessionCookie::at(base_url);
        let token_url = format!("{base_url}/oauth2/token");
        let is_lived_in = AtomicBool::new(false);
        let portal = Self {
            catalogue: Catalogues::new(api.clone()),
            api,
            settings,
            cookie,
            assets,
            token_url,
            brand,
            environment,
            is_lived_in,
        };
        Ok((portal, files.merge(own_files)))
    }
}

impl FromRef<Arc<Portal>> for Clock {
    fn from_ref(portal: &Arc<Portal>) -> Self {
        Self(portal.environment.clone())
    }
}
