//! What other services ask.

use std::sync::Arc;

use contract::rpc::{AppView, GetApp, NameApps, NamedApp};
use service::RpcRefusal;

use crate::app::App;
use crate::{AppRegistry, store};

/// [`GetApp`]
pub(crate) async fn get_app(
    registry: Arc<AppRegistry>,
    question: GetApp,
) -> Result<Option<AppView>, RpcRefusal> {
    let app = store::find(&registry.resources.pool, question.app_id).await?;
    Ok(app.map(|app| view(&registry, app)))
}

/// [`NameApps`]
pub(crate) async fn name_apps(
    registry: Arc<AppRegistry>,
    question: NameApps,
) -> Result<Vec<NamedApp>, RpcRefusal> {
    Ok(store::name(&registry.resources.pool, &question.app_ids).await?)
}

fn view(registry: &AppRegistry, app: App) -> AppView {
    AppView {
        scopes: app.scopes(&registry.resources.catalogue),
        id: app.id,
        organization_id: app.organization_id,
        name: app.name,
        description: app.description,
        has_image: app.image_sha256.is_some(),
        authentication_method: app.authentication_method,
        state: app.state,
        service: app.service,
        domains: app.domains,
        version: app.version,
    }
}
