//! Whether the files under `deploy` hand each request to whoever answers it: `Caddyfile`, which says which paths are
//! whose, and `compose.yaml`, which says who is there.

mod caddyfile;
mod compose;

use std::collections::BTreeSet;
use std::path::PathBuf;

use contract::Service;
use utoipa::openapi::OpenApi;

use self::caddyfile::{Caddyfile, To};
use crate::{api, front};

/// Where everybody comes in.
const PUBLIC: &str = "{$SITE_ADDRESS}";
/// Where the portal does, for its questions.
const INNER: &str = "http://:8090";

const HEALTH: [&str; 2] = ["/healthz", "/readyz"];
const DOCUMENT: &str = "/openapi.json";

/// What a service describes of its paths. The notifier has none.
fn described(service: Service) -> Option<OpenApi> {
    match service {
        Service::Directory => Some(directory::openapi()),
        Service::AppRegistry => Some(app_registry::openapi()),
        Service::KeyIssuer => Some(key_issuer::openapi()),
        Service::ConsentBroker => Some(consent_broker::openapi()),
        Service::Audit => Some(audit::openapi()),
        Service::Notifier => None,
    }
}

/// The log's files, whose paths are of C2SP's making and stand in no description.
const LOG: [&str; 12] = [
    "/audit/log/checkpoint",
    "/audit/log/key",
    "/audit/log/keys",
    "/audit/log/key-replacement/0a1b2c3d",
    "/audit/log/manifests/directory/1",
    "/audit/log/tile/0/000",
    "/audit/log/tile/0/x001/x234/067.p/8",
    "/audit/log/tile/1/000.p/3",
    "/audit/log/tile/entries/000",
    "/audit/log/tile/entries/x001/067.p/255",
    "/audit/log/2/checkpoint",
    "/audit/log/2/tile/entries/x001/067.p/255",
];

fn deployed(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// A path as somebody asks for it, of a route's pattern.
fn asked_for(pattern: &str) -> String {
    let part = |part: &str| {
        if part.starts_with('{') { "0198c0de-of-some".into() } else { part.to_owned() }
    };
    pattern.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[test]
fn each_path_of_the_api_reaches_the_service_that_serves_it() {
    let caddyfile = Caddyfile::read(&deployed("Caddyfile"));
    let mut tried = BTreeSet::new();
    for service in Service::ALL {
        for path in described(service).iter().flat_map(|part| part.paths.paths.keys()) {
            for entrance in [PUBLIC, INNER] {
                let to = caddyfile.route(entrance, &asked_for(path));
                assert_eq!(to, To::Upstream(service.name().to_owned()), "{path} at {entrance}");
            }
            tried.insert(path.clone());
        }
    }
    let all: BTreeSet<_> = api::document().paths.paths.into_keys().collect();
    assert_eq!(tried, all, "what this test asks for, and what is described as a whole");
}

#[test]
fn the_log_is_read_from_audit() {
    let caddyfile = Caddyfile::read(&deployed("Caddyfile"));
    for (path, entrance) in LOG.into_iter().flat_map(|path| [(path, PUBLIC), (path, INNER)]) {
        let to = caddyfile.route(entrance, path);
        assert_eq!(to, To::Upstream("audit".to_owned()), "{path} at {entrance}");
    }
}

#[test]
fn what_is_below_the_apis_paths_is_a_services_and_all_else_is_the_portals() {
    let caddyfile = Caddyfile::read(&deployed("Caddyfile"));
    let portal = To::Upstream("portal".to_owned());
    let services: Vec<_> =
        Service::ALL.into_iter().map(|service| To::Upstream(service.name().to_owned())).collect();
    for prefix in front::API.into_iter().filter(|prefix| !HEALTH.contains(prefix)) {
        let below = format!("{prefix}/nothing/here");
        // A document has nothing below it.
        let paths = if prefix == DOCUMENT { vec![prefix] } else { vec![prefix, &below] };
        for (path, entrance) in paths.iter().flat_map(|path| [(path, PUBLIC), (path, INNER)]) {
            let to = caddyfile.route(entrance, path);
            assert!(services.contains(&to), "{path} at {entrance}: {to:?}");
        }
    }
    for page in ["/", "/apps", "/apps/new", "/sign-in/return", "/consent/mandate_cl_x", "/v1x"] {
        assert!(!front::is_api(page));
        assert_eq!(caddyfile.route(PUBLIC, page), portal, "{page}");
        assert_eq!(caddyfile.route(INNER, page), To::Status(404), "{page}");
    }
}

#[test]
fn health_is_for_the_inside() {
    let caddyfile = Caddyfile::read(&deployed("Caddyfile"));
    for path in HEALTH {
        assert_eq!(caddyfile.route(PUBLIC, path), To::Status(404), "{path}");
    }
    // What the portal asks to tell whether it is ready.
    assert_eq!(caddyfile.route(INNER, "/readyz"), To::Upstream("directory".to_owned()));
}
