//! Style and scripts: under an address with their hash, so that browsers keep them for good.

use axum::Router;
use memory_serve::{CacheControl, MemoryServe};

/// Below this path they are served.
const PATH: &str = "/assets";

/// Where the assets are.
#[derive(Debug, Clone)]
pub(crate) struct Assets {
    pub(crate) style: String,
    pub(crate) script: String,
    pub(crate) icon: String,
}

/// The assets, and their routes.
pub(crate) fn load() -> (Assets, Router) {
    let files: MemoryServe = memory_serve::load!()
        .index_file(None)
        .enable_hashed_routes(true)
        .cache_control(CacheControl::NoCache);
    let manifest = files.manifest();
    let address = |name: &str| {
        let plain = format!("/{name}");
        format!("{PATH}{}", manifest.get(plain.as_str()).map_or(plain.as_str(), |path| path))
    };
    let assets = Assets {
        style: address("portal.css"),
        script: address("portal.js"),
        icon: address("icon.svg"),
    };
    (assets, Router::new().nest(PATH, files.into_router()))
}
