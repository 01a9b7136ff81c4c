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
//! | `POST /v1/apps/{id}/activate` | [`activate`] |
//! | `POST /v1/apps/{id}/suspend` | [`suspend`] |
//! | `POST /v1/apps/{id}/resume` | [`resume`] |
//! | `POST /v1/apps/{id}/archive` | [`archive`] |
//! | `GET /v1/catalogue` | [`catalogue`] |
//!
//! To add an endpoint, copy `app-registry/src/http/suspend.rs` for a change of what is there, or
//! `directory/src/http/accounts/create.rs` for something new;
//! then add its line to `router` and to this table.
//!
//! What they share: [`steps`] is the way of every change, [`view`] shows an app, [`fields`] reads its
//! texts, [`refusals`] maps what the domain refuses to answers.

mod activate;
mod archive;
mod catalogue;
mod create;
mod edit;
mod fields;
mod get;
mod get_image;
mod list;
mod put_image;
mod refusals;
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
        .routes(routes!(get_image::get_image, put_image::put_image))
        .routes(routes!(activate::activate))
        .routes(routes!(suspend::suspend))
        .routes(routes!(resume::resume))
        .routes(routes!(archive::archive))
        .routes(routes!(catalogue::catalogue))
}
