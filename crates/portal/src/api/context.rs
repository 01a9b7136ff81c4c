//! What every page of an app needs: who asks, the app, and what its service is called.

use contract::ids::AppId;
use contract::secret::SessionToken;

use super::ApiError;
use super::apps::{self, App};
use super::catalogue::Catalogue;
use super::people::{self, Me};
use crate::browser::Browser;
use crate::portal::Portal;

/// An app with what stands around it.
#[derive(Debug)]
pub(crate) struct AppContext {
    pub(crate) me: Me,
    pub(crate) app: App,
    pub(crate) catalogue: Catalogue,
}

/// An app, for one of its pages.
pub(crate) async fn read(
    portal: &Portal,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
) -> Result<AppContext, ApiError> {
    let (me, app, catalogue) = futures::try_join!(
        people::me(&portal.api, browser, token),
        apps::get(&portal.api, browser, token, id),
        portal.catalogue.read(browser, token),
    )?;
    Ok(AppContext { me, app, catalogue })
}
