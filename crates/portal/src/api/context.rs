//! What every page of an app needs: who asks, the app, and what its service is called.

use contract::ids::AppId;
use contract::secret::SessionToken;

use super::apps::{self, App};
use super::catalogue::{self, Catalogue};
use super::people::{self, Me};
use super::{Api, ApiError};
use crate::browser::Browser;

/// An app with what stands around it.
#[derive(Debug)]
pub(crate) struct AppContext {
    pub(crate) me: Me,
    pub(crate) app: App,
    pub(crate) catalogue: Catalogue,
}

/// An app, for one of its pages.
pub(crate) async fn read(
    api: &Api,
    browser: &Browser,
    token: &SessionToken,
    id: AppId,
) -> Result<AppContext, ApiError> {
    let (me, app, catalogue) = futures::try_join!(
        people::me(api, browser, token),
        apps::get(api, browser, token, id),
        catalogue::read(api, browser, token),
    )?;
    Ok(AppContext { me, app, catalogue })
}
