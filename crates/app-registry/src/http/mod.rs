//! The endpoints, one file each.
//!
//! | method and path | file |
//! |---|---|
//! | `POST /v1/apps` | [`create`] |
//! | `GET /v1/apps` | [`list`] |
//! | `GET /v1/apps/{id}` | [`get`] |
//! | `PATCH /v1/apps/{id}` | [`edit`] |
//! | `GET /v1/apps/{id}/image` | [`get_image`] |
//! | `PUT /v1/apps/{id}/image` | [`put_image`] |
//! | `DELETE /v1/apps/{id}/image` | [`remove_image`] |
//! | `/v1/apps/{id}/redirect-uris`, `/v1/apps/{id}/pkce` | [`redirect_uris`] |
//! | `POST /v1/apps/{id}/activate` | [`activate`] |
//! | `POST /v1/apps/{id}/suspend` | [`suspend`] |
//! | `POST /v1/apps/{id}/resume` | [`resume`] |
//! | `POST /v1/apps/{id}/archive` | [`archive`] |
//! | `GET /v1/catalogue` | [`catalogue`] |
//! | `POST /v1/catalogue/resolve` | [`resolve`] |
//!
//! To add an endpoint, copy `app-registry/src/http/suspend.rs` for a change of what is there, or
//! `directory/src/http/accounts/create.rs` for something new;
//! then add its line to `router` and to this table.
//!
//! What they share: [`steps`] is the way of every change, [`view`] shows an app, [`fields`] reads its
//! texts, [`extras`] has what is read along with one, [`refusals`] maps what the domain refuses to answers.

mod activate;
mod archive;
mod catalogue;
mod create;
mod edit;
mod extras;
mod fields;
mod get;
mod get_image;
mod list;
mod put_image;
mod redirect_uris;
mod refusals;
mod remove_image;
mod resolve;
mod resume;
mod steps;
mod suspend;
mod view;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::AppRegistry;

pub(crate) fn router() -> OpenApiRouter<Arc<AppRegistry>> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(get::get, edit::edit))
        .routes(routes!(get_image::get_image, put_image::put_image, remove_image::remove_image))
        .routes(routes!(redirect_uris::list::list, redirect_uris::add::add))
        .routes(routes!(redirect_uris::read::read, redirect_uris::remove::remove))
        .routes(routes!(redirect_uris::pkce::change))
        .routes(routes!(activate::activate))
        .routes(routes!(suspend::suspend))
        .routes(routes!(resume::resume))
        .routes(routes!(archive::archive))
        .routes(routes!(catalogue::catalogue))
        .routes(routes!(resolve::resolve))
}
